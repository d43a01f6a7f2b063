// The button of Verify. A sync at work puts it off, and whoever reads that tries again in a moment.

import { eventually } from './house.mjs';

export async function verify_now(me, page) {
  await me.press(page.getByRole('button', { name: 'Verify now' }));
  const tried = page.getByRole('heading', { name: 'Both sides work' });
  const put_off = page.getByRole('heading', { name: 'Not just now' });
  await eventually(page, 'both sides work', async () => {
    await tried.or(put_off).waitFor();
    if (await tried.isVisible()) return true;
    await me.press(page.getByRole('button', { name: 'Verify again' }));
    return false;
  });
}
