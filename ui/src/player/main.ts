import { Replayer } from "@rrweb/replay";
import rrwebStyle from "@rrweb/replay/dist/style.css?inline";
import ownStyle from "./player.css?inline";
import { isToPlayer, type FromPlayer, type ToPlayer } from "./protocol";

// The page recordings play in. Its policy (ui/embed.go) lets nothing of the recorded page
// run or load; rrweb's own iframe has sandbox="allow-same-origin" and nothing more.

const app = document.querySelector<HTMLMetaElement>("meta[name=hindsight-app-origin]")?.content || location.origin;

for (const css of [rrwebStyle, ownStyle]) {
  const style = document.createElement("style");
  style.textContent = css;
  document.head.append(style);
}

let replayer: Replayer | null = null;
let playing = false;
let skipping = false;
let size = { width: 0, height: 0 };
let told = "";

const say = (message: FromPlayer) => window.parent.postMessage(message, app);

function fit() {
  const wrapper = document.querySelector<HTMLElement>(".replayer-wrapper");
  if (!wrapper || size.width === 0 || size.height === 0) return;
  const scale = Math.min(document.documentElement.clientWidth / size.width, document.documentElement.clientHeight / size.height);
  wrapper.style.transform = `translate(-50%, -50%) scale(${scale})`;
}

function load(message: Extract<ToPlayer, { type: "load" }>) {
  replayer?.destroy();
  document.body.replaceChildren();
  if (message.events.length < 2) {
    say({ from: "player", type: "failed", message: "This recording has no page to show." });
    return;
  }
  replayer = new Replayer(message.events as never, {
    root: document.body,
    speed: message.speed,
    skipInactive: message.skipIdle,
    inactivePeriodThreshold: 5000,
    maxSpeed: 64,
    mouseTail: { duration: 500, lineCap: "round", lineWidth: 2, strokeStyle: "#7c7cf5" },
    triggerFocus: false,
    showWarning: false,
    showDebug: false,
    pauseAnimation: true,
    useVirtualDom: true,
  });
  let drawn = false;
  replayer.on("fullsnapshot-rebuilded", () => {
    if (drawn) return;
    drawn = true;
    requestAnimationFrame(() => say({ from: "player", type: "drawn" }));
  });
  replayer.on("resize", (dimension) => {
    const { width, height } = dimension as { width: number; height: number };
    size = { width, height };
    say({ from: "player", type: "size", width, height });
    fit();
  });
  replayer.on("start", () => (playing = true));
  replayer.on("resume", () => (playing = true));
  replayer.on("pause", () => (playing = false));
  replayer.on("skip-start", () => (skipping = true));
  replayer.on("skip-end", () => (skipping = false));
  replayer.on("finish", () => {
    playing = false;
    skipping = false;
    say({ from: "player", type: "ended" });
  });
  if (message.play) replayer.play(message.at);
  else replayer.pause(message.at);
  say({ from: "player", type: "loaded" });
}

const MAX_HTML = 4000; // characters told of an element

/** An element with a light ring around it, so that it is found on the page too. */
function htmlOf(from: Replayer, nodeId: number): string {
  const node = from.getMirror().getNode(nodeId);
  if (!(node && node.nodeType === Node.ELEMENT_NODE)) return "";
  const element = node as HTMLElement;
  ring(element);
  const copy = element.cloneNode(true) as HTMLElement;
  for (const name of [...copy.getAttributeNames()]) if (name.startsWith("rr_")) copy.removeAttribute(name);
  return copy.outerHTML.slice(0, MAX_HTML);
}

function ring(element: HTMLElement) {
  element.scrollIntoView?.({ block: "center" });
  const before = element.style.outline;
  element.style.outline = "3px solid #7c7cf5";
  window.setTimeout(() => (element.style.outline = before), 1500);
}

function obey(message: ToPlayer) {
  if (message.type === "load") return load(message);
  if (!replayer) return;
  switch (message.type) {
    case "append":
      for (const event of message.events) replayer.addEvent(event as never);
      break;
    case "stop":
      replayer.destroy();
      replayer = null;
      document.body.replaceChildren();
      break;
    case "inspect":
      say({ from: "player", type: "node", nodeId: message.nodeId, html: htmlOf(replayer, message.nodeId) });
      break;
    case "play":
      replayer.play(message.at ?? replayer.getCurrentTime());
      playing = true;
      break;
    case "pause":
      replayer.pause(message.at);
      playing = false;
      break;
    case "speed":
      replayer.setConfig({ speed: message.speed });
      break;
    case "skipIdle":
      replayer.setConfig({ skipInactive: message.on });
      break;
  }
}

window.addEventListener("message", (e) => {
  if (e.source !== window.parent || e.origin !== app || !isToPlayer(e.data)) return;
  try {
    obey(e.data);
  } catch (error) {
    say({ from: "player", type: "failed", message: error instanceof Error ? error.message : "The player stopped." });
  }
});
window.addEventListener("resize", fit);

function tick() {
  if (replayer) {
    const at = Math.max(0, replayer.getCurrentTime());
    const now = `${Math.round(at / 40)} ${playing} ${skipping}`;
    if (now !== told) say({ from: "player", type: "time", at, playing, skipping });
    told = now;
  }
  requestAnimationFrame(tick);
}
requestAnimationFrame(tick);

say({ from: "player", type: "ready" });
