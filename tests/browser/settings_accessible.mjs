// Every page of Settings > Calendar Sync, in both colour schemes, on a desk and on a phone.

import { looked_at } from './look.mjs';
import { expect, story } from './house.mjs';

const NAMES = { Google: 'Google Calendar', Outlook: 'Outlook / Microsoft 365', CalDAV: 'Another calendar (CalDAV)' };

await story(async (page, told) => {
  const { url, provider } = told;
  const faults = [];
  const click = (role, name) => page.getByRole(role, { name }).click();
  for (const [name, show] of Object.entries({
    ehr_settings: () => page.goto(`${url}/sandbox/ehr/settings?practitioner=prac-2`),
    connect: () => click('button', 'Open Calendar Sync'),
    authorising: async () => {
      await page.getByRole('radio', { name: NAMES[provider] }).check();
      await page.getByRole('radio', { name: 'Both ways' }).check();
      await click('button', 'Continue to sign in');
      await page.goto(`${url}/settings`);
    },
    sign_in: async () => {
      await click('link', 'Open');
      await click('button', 'Sign in');
    },
    cancelled: () => (provider === 'CalDAV' ? type(page, told, 'guess') : ask(page, told, 'Cancel')),
    ready: async () => {
      if (provider === 'CalDAV') await type(page, told, told.password);
      else {
        await click('link', 'Back to Calendar Sync');
        await click('link', 'Open');
        await click('button', 'Sign in');
        await ask(page, told, 'Allow');
      }
      await page.getByRole('heading', { name: 'Is this the account?' }).waitFor();
    },
    choices: () => click('link', 'Yes, go on'),
    choices_open: () => page.getByText('More choices').click(),
    preview: () => click('button', 'See what will happen'),
    active: async () => {
      await click('button', 'Start Sync');
      await page.getByText('In step.').waitFor({ timeout: 60_000 });
      await page.reload();
    },
    verify: () => click('link', 'Verify'),
    verified: async () => {
      await click('button', 'Verify now');
      await page.getByRole('heading', { name: 'Both sides work' }).waitFor();
    },
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
      await page.getByText('Nothing is left:').waitFor({ timeout: 60_000 });
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

/** What they say to the provider's question. */
async function ask(page, { provider, account }, answer) {
  await page.getByRole('button', { name: `Continue to ${provider}` }).click();
  await page.getByRole('link', { name: account }).click();
  await page.getByRole('button', { name: answer }).click();
}

async function type(page, { url, account }, password) {
  await page.getByLabel('Address of the calendar server').fill(`${url}/sandbox/caldav/`);
  await page.getByLabel('User name').fill(account);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}
