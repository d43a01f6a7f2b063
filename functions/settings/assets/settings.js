// While something is going on, the page is asked for again and its middle is put in place of the old one. Without this
// script the page is loaded anew every few seconds, or by its link.
const PAUSE_MS = 2000;
const MOST_LOOKS = 900;

async function look(looks) {
  const moving = document.querySelector('[data-moving]');
  if (!moving || looks >= MOST_LOOKS) return;
  await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  try {
    const answer = await fetch(location.href, { headers: { accept: 'text/html' }, cache: 'no-store' });
    if (!answer.ok) return location.reload();
    const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html').querySelector('[data-moving]');
    if (!fresh) return location.reload();
    moving.replaceWith(fresh);
  } catch {
    // The server is restarting, or the network is away: look again.
  }
  return look(looks + 1);
}

look(0);
