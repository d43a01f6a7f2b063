// From one provider to another: from the connection's page by way of "Move to another account or provider" to the proof
// that nothing is left in the old place. What stands in the calendars is told elsewhere.

import { hands } from './hands.mjs';
import { expect, story } from './house.mjs';

await story(async (page, told) => {
  const me = hands(page, told.hands);
  await open(me, page, told);
  await say_where_to(me, page);
  await sign_in(me, page, told);
  await look_and_say_yes(me, page);
  await both_steps_end(page);
  await change_the_main_calendar(me, page);
});

async function open(me, page, { url, clinician, script }) {
  await page.goto(`${url}/sandbox/ehr/`);
  await me.press(page.getByRole('link', { name: clinician }));
  await me.press(page.getByRole('link', { name: 'Settings' }));
  await me.press(page.getByRole('button', { name: 'Open Calendar Sync' }));
  if (script === 'off') await me.press(page.getByRole('button', { name: 'Continue' }));
  await me.press(page.getByRole('link', { name: 'Open Google Calendar' }));
}

async function say_where_to(me, page) {
  await me.press(page.getByRole('link', { name: 'Move to another account or provider' }));
  await page.getByRole('heading', { name: 'Move to another account or provider', level: 1 }).waitFor();
  await page.getByRole('group', { name: 'What becomes of Google Calendar?' }).waitFor();
  await me.tick(page.getByRole('radio', { name: 'Outlook / Microsoft 365' }));
  await me.press(page.getByRole('button', { name: 'Continue to sign in' }));
}

async function sign_in(me, page, { account }) {
  await me.press(page.getByRole('button', { name: 'Continue to Outlook' }));
  await me.press(page.getByRole('link', { name: account }));
  await me.press(page.getByRole('button', { name: 'Allow' }));
  await page.getByRole('heading', { name: 'Is this the account?' }).waitFor();
  await page.getByText('It takes the place of').waitFor();
  await me.press(page.getByRole('link', { name: 'Yes, go on' }));
}

/** Both sides in counts before the click. */
async function look_and_say_yes(me, page) {
  expect(await page.getByRole('radio', { name: 'Both ways' }).isChecked(), 'the direction was not carried over');
  await me.press(page.getByRole('button', { name: 'See what will happen' }));
  await page.getByText(/Will add [1-9]\d* appointments? to your calendar/).waitFor();
  await page.getByText(/Will remove [1-9]\d* appointments? from Google Calendar/).waitFor();
  await page.getByText('Google Calendar is disconnected, and its sign-in deleted').waitFor();
  await me.press(page.getByRole('button', { name: 'Start Sync' }));
  await page.getByRole('heading', { name: 'Your move from Google Calendar' }).waitFor();
}

async function both_steps_end(page) {
  await page.getByText('The move is complete.').waitFor({ timeout: 60_000 });
  const move = await page.getByRole('region', { name: 'Your move from Google Calendar' }).innerText();
  expect(move.includes('0 events there, 0 times closed because of it'), `no proof: ${move}`);
  await page.getByText('In step.').waitFor({ timeout: 60_000 });
}

/** Within the account, both sides are counted too. */
async function change_the_main_calendar(me, page) {
  await me.press(page.getByRole('link', { name: 'Change settings' }));
  await me.tick(page.getByRole('radio', { name: 'Family' }));
  await me.press(page.getByRole('button', { name: 'See what will happen' }));
  await page.getByText(/Will add [1-9]\d* appointments? to your new main calendar/).waitFor();
  await page.getByText(/Will remove [1-9]\d* appointments? from “Work schedule”/).waitFor();
  await page.getByText('The calendar made for this goes too, unless something of yours stands in it.').waitFor();
  await me.press(page.getByRole('button', { name: 'Save' }));
  await page.getByRole('definition').filter({ hasText: '“Family”' }).waitFor();
  await page.getByText('In step.').waitFor({ timeout: 60_000 });
}
