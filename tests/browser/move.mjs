// An appointment is moved by keyboard. The card that is opened first is closed again, since a person may have been wrong.

import { expect, story } from './house.mjs';
import { goOn, openCard, press, told, typeStart } from './keyboard.mjs';

await story(async (page, { url, weeks, client, start }) => {
  await page.goto(`${url}/sandbox/ehr/`);
  await goOn(page, weeks);
  const opened = await openCard(page, client);
  await page.keyboard.press('Escape');
  await opened.waitFor({ state: 'hidden' });
  const face = page.getByRole('button', { name: client });
  expect(await face.evaluate((element) => element === document.activeElement), 'Escape loses the place');

  const card = await openCard(page, client);
  await typeStart(page, card.getByLabel('New start'), start);
  await press(page, card.getByRole('button', { name: 'Move' }));
  await told(page, 'Moved.');
});
