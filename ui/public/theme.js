// Sets the theme before the first paint: what was chosen last, else what the system asks for.
(function () {
  var saved = null;
  try {
    saved = JSON.parse(localStorage.getItem("hindsight.theme"));
  } catch (e) {
    saved = null;
  }
  var light = window.matchMedia && window.matchMedia("(prefers-color-scheme: light)").matches;
  document.documentElement.dataset.theme = saved === "light" || saved === "dark" ? saved : light ? "light" : "dark";
})();
