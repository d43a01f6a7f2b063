// Every page of Settings > Calendar Sync, in both colour schemes, on a desk and on a phone.

import { hands } from './hands.mjs';
import { looked_at } from './look.mjs';
import { expect, story } from './house.mjs';
import { answer, choose_calendar, is_by_password, type_login } from './sign_in.mjs';
import { verify_now } from './verify.mjs';

await story(async (page, told) => {
  const { url, provider } = told;
  const me = hands(page);
  const faults = [];
  const click = (role, name) => page.getByRole(role, { name }).click();
  for (const [name, show] of Object.entries({
    ehr_settings: () => page.goto(`${url}/sandbox/ehr/settings?practitioner=prac-2`),
    connect: async () => {
      await click('button', 'Open Calendar Sync');
      // The page between goes on by itself.
      await page.getByRole('heading', { name: 'Connect your calendar', level: 1 }).waitFor();
    },
    authorising: async () => {
      await choose_calendar(me, page, told);
      await page.goto(`${url}/settings`);
    },
    sign_in: async () => {
      await click('link', 'Open');
      await click('button', 'Sign in');
    },
    cancelled: async () => {
      if (is_by_password(provider)) await type_login(me, page, { ...told, password: 'guess' });
      else await answer(me, page, told, 'Cancel');
    },
    ready: async () => {
      if (is_by_password(provider)) await type_login(me, page, told);
      else {
        await click('link', 'Back to Calendar Sync');
        await click('link', 'Open');
        await click('button', 'Sign in');
        await answer(me, page, told, 'Allow');
      }
      await page.getByRole('heading', { name: 'Is this the account?' }).waitFor();
    },
    choices: () => click('link', 'Yes, go on'),
    choices_open: () => page.getByText('More choices').click(),
    choices_refused: async () => {
      await page.getByLabel('Its name').fill('');
      await click('button', 'See what will happen');
      await page.getByRole('alert').filter({ hasText: 'Give the new calendar a name' }).waitFor();
    },
    preview: async () => {
      await page.getByLabel('Its name').fill('Work schedule');
      await click('button', 'See what will happen');
    },
    active: async () => {
      await click('button', 'Start Sync');
      await page.getByText('In step.').waitFor();
      await page.reload();
    },
    verify: () => click('link', 'Verify'),
    verified: () => verify_now(me, page),
    week: () => click('link', 'See your week as it stands'),
    review: async () => {
      await click('link', 'Back to this calendar');
      await click('link', 'Review');
    },
    paused: async () => {
      await click('link', 'Back to this calendar');
      await click('button', 'Pause');
    },
    home: () => page.goto(`${url}/settings`),
    change: async () => {
      await click('link', 'Open');
      await click('link', 'Change settings');
    },
    change_preview: () => click('button', 'See what will happen'),
    move: async () => {
      await page.goto(`${url}/settings`);
      await click('link', 'Open');
      await click('link', 'Move to another account or provider');
    },
    leave: async () => {
      await page.goto(`${url}/settings`);
      await click('link', 'Open');
      await click('link', 'Disconnect');
    },
    disconnected: async () => {
      await page.getByRole('button', { name: 'Disconnect' }).click();
      await page.getByText('Nothing is left:').waitFor();
      await page.reload();
    },
    nowhere: () => page.goto(`${url}/settings/connections/another`),
    logged_out: () => click('button', 'Log out'),
    no_session: () => page.goto(`${url}/settings`),
  })) {
    await show();
    await page.getByRole('heading', { level: 1 }).first().waitFor();
    faults.push(...(await looked_at(page, name)));
  }
  expect(faults.length === 0, faults.join('\n'));
}, { refusals: [401, 404, 422] });
