// The start page, live: asks what stands between the two weeks, and has both drawn again when that has changed. Without
// it everything works, and a person reloads.

const EACH_MS = 2000;
const now = document.getElementById('now');
const weeks = [...document.querySelectorAll('.weeks iframe')];
let shown;

async function look() {
  try {
    const answer = await fetch('/now', { cache: 'no-store' });
    if (answer.ok) show(await answer.text());
  } catch {
    // The program was stopped; a later look may find it again.
  }
  setTimeout(look, EACH_MS);
}

function show(text) {
  if (text !== shown) now.innerHTML = text;
  if (shown !== undefined && text !== shown) weeks.forEach((week) => week.classList.add('stale'));
  shown = text;
  weeks.filter((week) => week.classList.contains('stale') && !isInUse(week)).forEach(draw);
}

/** Whoever types, or reads a card, is not interrupted. */
function isInUse(week) {
  const page = week.contentDocument;
  const field = page?.activeElement?.matches('input, select, textarea');
  return Boolean(field || page?.querySelector(':popover-open'));
}

function draw(week) {
  week.classList.remove('stale');
  week.contentWindow.location.reload();
}

if (now) look();
