// An appointment is cancelled by keyboard, and the week keeps a trace of it beside the grid.

import { story } from './house.mjs';
import { goOn, openCard, press, told } from './keyboard.mjs';

await story(async (page, { url, weeks, client }) => {
  await page.goto(`${url}/sandbox/ehr/`);
  await goOn(page, weeks);
  const card = await openCard(page, client);
  await press(page, card.getByRole('button', { name: 'Cancel this appointment' }));
  await told(page, 'Cancelled.');
  await page.getByRole('region', { name: 'Not in the grid' }).getByText(client).waitFor();
});
