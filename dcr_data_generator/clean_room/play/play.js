// What a copied link says goes to the page, and the address is clean again.
function openLink() {
  const link = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
  history.replaceState(null, "", "/");
  if (Object.keys(link).length) emitEvent("link", link);
}

async function copyLink(fragment) {
  const link = `${location.origin}/#${fragment}`;
  const copied = navigator.clipboard?.writeText(link).then(() => "Copied.");
  Quasar.Notify.create(await copied?.catch(() => null) ?? `This browser does not let the page copy. The link is ${link}`);
}

// Which exercises are solved is kept in this browser, and nowhere else.
function markSolved() {
  for (const number of JSON.parse(localStorage.getItem("solved") ?? "[]"))
    document.querySelector(`[data-exercise="${number}"]`)?.classList.add("solved");
}

function solve(number) {
  const solved = new Set(JSON.parse(localStorage.getItem("solved") ?? "[]"));
  localStorage.setItem("solved", JSON.stringify([...solved.add(number)]));
  markSolved();
}

function showReply() {
  document.querySelector(".see").scrollTo(0, 0);
  document.querySelector(".result").scrollIntoView({block: "nearest"});
}

// The editor's theme is set here: an update from the server would put back what stood in the editor before.
// Of a step of the talk, the sentence is seen first.
function showStep() {
  document.querySelector(".see").scrollTo(0, 0);
  document.querySelector(".tour .card")?.scrollIntoView({block: "nearest"});
}

const dark = matchMedia("(prefers-color-scheme: dark)");
function setTheme() {
  getElement(document.querySelector(".editor")).setTheme(dark.matches ? "githubDark" : "githubLight");
}

// The keys of the talk, where nothing else takes them.
const KEYS = {Enter: "next", Backspace: "back", "?": "notes"};
addEventListener("keydown", event => {
  const isElsewhere = event.target.closest("input, button, summary, .cm-editor") || event.ctrlKey || event.metaKey;
  if (isElsewhere || !KEYS[event.key] || !document.querySelector(".tour h2")) return;
  event.preventDefault();
  emitEvent("tour", KEYS[event.key]);
});

// The editor comes late, and says by itself nothing of what it is for. It has its name when what is typed is heard.
function describeEditor() {
  const editor = document.querySelector(".cm-content");
  if (!editor || !window.did_handshake) return setTimeout(describeEditor, 50);
  editor.setAttribute("aria-label", "The query, in SQL");
  document.querySelector(".cm-scroller").setAttribute("tabindex", "0");
  setTheme();
  dark.addEventListener("change", setTheme);
  openLink();
  markSolved();
}
addEventListener("load", describeEditor);
addEventListener("hashchange", openLink);
