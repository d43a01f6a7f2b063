// A closed time stands in the week with its times, says nothing else, and offers nothing to do.

import { expect, story } from './house.mjs';

await story(async (page, { url, day, times }) => {
  await page.goto(`${url}/sandbox/ehr/?practitioner=prac-1&week=${day}`);
  const closed = page.getByRole('listitem').filter({ hasText: times });
  await closed.waitFor();
  const words = (await closed.innerText()).replace(/\s+/g, ' ').trim();
  expect(words === `${times} Closed (external calendar)`, `the closed time says: ${words}`);
  expect((await closed.getByRole('button').count()) === 0, 'a closed time can be pressed');
});
