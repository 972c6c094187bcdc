import { Replayer } from "@rrweb/replay";
import rrwebStyle from "@rrweb/replay/dist/style.css?inline";
import ownStyle from "./evidence.css?inline";
import { clock, readClip, span } from "./clip";

// Plays the recording inside an evidence file. The file's policy lets nothing load and nothing of the recorded
// page run; rrweb's iframe has sandbox="allow-same-origin" and nothing more. What the bar looks like is in
// evidence.css, the page around it in api/evidence/page.html.

const speeds = [0.5, 1, 2, 4];

function element<K extends keyof HTMLElementTagNameMap>(name: K, properties: Partial<HTMLElementTagNameMap[K]> = {}) {
  const made = document.createElement(name);
  Object.assign(made, properties);
  return made;
}

function mount(root: HTMLElement, text: string) {
  const clip = readClip(text);
  if (!clip) {
    root.textContent = "This recording has no page to show.";
    return;
  }
  for (const css of [rrwebStyle, ownStyle]) document.head.append(element("style", { textContent: css }));
  const screen = element("div", { className: "ev-screen" });
  const play = element("button", { type: "button", textContent: "Play" });
  const atError = element("button", { type: "button", textContent: "Go to the error" });
  const slider = element("input", { type: "range", min: "0", max: String(span(clip)), step: "50", ariaLabel: "Moment of the recording" });
  const speed = element("select", { ariaLabel: "Speed" });
  for (const s of speeds) speed.append(element("option", { value: String(s), textContent: `${s}×`, selected: s === 1 }));
  const time = element("output", { className: "ev-clock" });
  const track = element("div", { className: "ev-track" });
  const mark = element("i", { title: "The error" });
  mark.style.left = `${(100 * Math.min(Math.max(clip.errorMs - clip.fromMs, 0), span(clip))) / Math.max(span(clip), 1)}%`;
  track.append(slider, mark);
  const bar = element("div", { className: "ev-bar" });
  bar.append(play, track, time, speed, atError);
  root.append(screen, bar);

  const offset = Math.max(clip.fromMs - clip.firstMs, 0); // of the clip in the player's own time
  const replayer = new Replayer(clip.events as never, { root: screen, skipInactive: false, triggerFocus: false, showWarning: false, showDebug: false, pauseAnimation: true, mouseTail: false });
  let playing = false;
  const now = () => Math.min(Math.max(replayer.getCurrentTime() - offset, 0), span(clip));
  const show = () => {
    slider.value = String(now());
    time.textContent = `${clock(now())} / ${clock(span(clip))}`;
    play.textContent = playing ? "Pause" : "Play";
  };
  const stopAt = (ms: number) => {
    playing = false;
    replayer.pause(offset + ms);
    show();
  };
  replayer.on("resize", (size) => {
    const { width, height } = size as { width: number; height: number };
    const fit = () => {
      const scale = Math.min(screen.clientWidth / width, 1);
      screen.style.height = `${Math.round(height * scale)}px`;
      const wrapper = screen.querySelector<HTMLElement>(".replayer-wrapper");
      if (wrapper) wrapper.style.transform = `scale(${scale})`;
    };
    fit();
    window.onresize = fit;
  });
  replayer.on("finish", () => stopAt(span(clip)));
  play.onclick = () => {
    if (playing) return stopAt(now());
    playing = true;
    replayer.play(offset + (now() >= span(clip) ? 0 : now()));
    show();
  };
  slider.oninput = () => stopAt(Number(slider.value));
  atError.onclick = () => stopAt(Math.min(Math.max(clip.errorMs - clip.fromMs, 0), span(clip)));
  speed.onchange = () => replayer.setConfig({ speed: Number(speed.value) });
  const tick = () => {
    if (playing) {
      if (now() >= span(clip)) stopAt(span(clip));
      show();
    }
    requestAnimationFrame(tick);
  };
  stopAt(0);
  requestAnimationFrame(tick);
}

const root = document.getElementById("player");
const data = document.getElementById("recording");
if (root && data) mount(root, data.textContent);
