// From one provider to another: from the connection's page by way of "Move to another account or provider" to the proof
// that nothing is left in the old place. What stands in the calendars is told elsewhere.

import { hands } from './hands.mjs';
import { looked_at } from './look.mjs';
import { expect, story } from './house.mjs';

await story(async (page, told) => {
  const me = hands(page, told.hands);
  const faults = [];
  const look = async (name) => {
    if (told.look) faults.push(...(await looked_at(page, name)));
  };
  await open(me, page, told);
  await say_where_to(me, page, look);
  await sign_in(me, page, told, look);
  await look_and_say_yes(me, page, look);
  await both_steps_end(page, look);
  await change_the_main_calendar(me, page, look);
  expect(faults.length === 0, faults.join('\n'));
});

async function open(me, page, { url, clinician, script }) {
  await page.goto(`${url}/sandbox/ehr/`);
  await me.press(page.getByRole('link', { name: clinician }));
  await me.press(page.getByRole('link', { name: 'Settings' }));
  await me.press(page.getByRole('button', { name: 'Open Calendar Sync' }));
  if (script === 'off') await me.press(page.getByRole('button', { name: 'Continue' }));
  await me.press(page.getByRole('link', { name: 'Open Google Calendar' }));
}

async function say_where_to(me, page, look) {
  await me.press(page.getByRole('link', { name: 'Move to another account or provider' }));
  await page.getByRole('heading', { name: 'Move to another account or provider', level: 1 }).waitFor();
  await page.getByRole('group', { name: 'What becomes of Google Calendar?' }).waitFor();
  await look('move');
  await me.tick(page.getByRole('radio', { name: 'Outlook / Microsoft 365' }));
  await me.press(page.getByRole('button', { name: 'Continue to sign in' }));
}

async function sign_in(me, page, { account }, look) {
  await me.press(page.getByRole('button', { name: 'Continue to Outlook' }));
  await me.press(page.getByRole('link', { name: account }));
  await me.press(page.getByRole('button', { name: 'Allow' }));
  await page.getByRole('heading', { name: 'Is this the account?' }).waitFor();
  await page.getByText('It takes the place of').waitFor();
  await look('move_ready');
  await me.press(page.getByRole('link', { name: 'Yes, go on' }));
}

/** Both sides in counts before the click. */
async function look_and_say_yes(me, page, look) {
  expect(await page.getByRole('radio', { name: 'Both ways' }).isChecked(), 'the direction was not carried over');
  await me.press(page.getByRole('button', { name: 'See what will happen' }));
  await page.getByText(/Will add [1-9]\d* appointments? to your calendar/).waitFor();
  await page.getByText(/Will remove [1-9]\d* appointments? from Google Calendar/).waitFor();
  await page.getByText('Google Calendar is disconnected, and its sign-in deleted').waitFor();
  await look('move_preview');
  await me.press(page.getByRole('button', { name: 'Start Sync' }));
  await page.getByRole('heading', { name: 'Your move from Google Calendar' }).waitFor();
}

async function both_steps_end(page, look) {
  await page.getByText('The move is complete.').waitFor();
  const move = await page.getByRole('region', { name: 'Your move from Google Calendar' }).innerText();
  expect(move.includes('0 events there, 0 times closed because of it'), `no proof: ${move}`);
  await page.getByText('In step.').waitFor();
  await page.reload();
  await look('moved');
}

/** Within the account, both sides are counted too. */
async function change_the_main_calendar(me, page, look) {
  await me.press(page.getByRole('link', { name: 'Change settings' }));
  await me.tick(page.getByRole('radio', { name: 'Family' }));
  await me.press(page.getByRole('button', { name: 'See what will happen' }));
  await page.getByText(/Will add [1-9]\d* appointments? to your new main calendar/).waitFor();
  await page.getByText(/Will remove [1-9]\d* appointments? from “Work schedule”/).waitFor();
  await page.getByText('The calendar made for this goes too, unless').waitFor();
  await look('main_preview');
  await me.press(page.getByRole('button', { name: 'Save' }));
  await page.getByRole('definition').filter({ hasText: '“Family”' }).waitFor();
  await page.getByText('In step.').waitFor();
}
