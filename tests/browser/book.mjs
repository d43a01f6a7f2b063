// An appointment is booked by keyboard, some weeks on.

import { story } from './house.mjs';
import { goOn, press, reach, told, typeStart } from './keyboard.mjs';

await story(async (page, { url, weeks, client, start, answer }) => {
  await page.goto(`${url}/sandbox/ehr/`);
  await goOn(page, weeks);
  await reach(page, page.getByLabel('Client'));
  await page.keyboard.type(client);
  await typeStart(page, page.getByLabel('Start', { exact: true }), start);
  await press(page, page.getByRole('button', { name: 'Book' }));
  await told(page, answer);
});
