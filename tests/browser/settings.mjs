// What the EHR's help page promises, step by step: from Settings > Scheduling > Calendar Sync to the appointments in the
// clinician's own calendar; then change, pause, resume, disconnect. Nobody types an address. It is told with a mouse and
// with keys alone.

import { hands } from './hands.mjs';
import { eventually, expect, story } from './house.mjs';
import { answer, choose_calendar, is_by_password, sign_in } from './sign_in.mjs';
import { verify_now } from './verify.mjs';

await story(async (page, told) => {
  const me = hands(page, told.hands);
  await open(me, page, told);
  await choose_calendar(me, page, told);
  await get_signed_in(me, page, told);
  await choose(me, page, told);
  await start(me, page);
  await verify(me, page);
  await see_the_week_and_review(me, page);
  await appointments_appear(me, page, told);
  await own_time_closes(me, page, told);
  await change(me, page, told);
  await pause_and_resume(me, page);
  await disconnect(me, page);
}, { refusals: [422] });

/** Open Settings > Scheduling > Calendar Sync. */
async function open(me, page, { url, clinician, script }) {
  await page.goto(`${url}/sandbox/ehr/`);
  await me.press(page.getByRole('link', { name: clinician }));
  await me.press(page.getByRole('link', { name: 'Settings' }));
  await me.press(page.getByRole('button', { name: 'Open Calendar Sync' }));
  if (script === 'off') await me.press(page.getByRole('button', { name: 'Continue' }));
  await page.getByRole('heading', { name: 'Connect your calendar', level: 1 }).waitFor();
  expect(page.url().startsWith(`${url}/settings`), `${page.url()} is not the settings page`);
  const before = await page.getByRole('region', { name: 'Before you start' }).innerText();
  expect(before.includes('America/New_York') && before.includes('Mon'), `zone and hours are missing: ${before}`);
}

async function get_signed_in(me, page, told) {
  if (!is_by_password(told.provider)) await change_their_mind(me, page, told);
  await sign_in(me, page, told);
  await page.getByRole('heading', { name: 'Is this the account?' }).waitFor();
  await page.getByRole('heading', { name: told.account }).waitFor();
  await me.press(page.getByRole('link', { name: 'Yes, go on' }));
}

/** One link leads back, and what was chosen is kept. */
async function change_their_mind(me, page, told) {
  await answer(me, page, told, 'Cancel');
  await me.press(page.getByRole('link', { name: 'Back to Calendar Sync' }));
  await me.press(page.getByRole('link', { name: 'Open' }));
  await me.press(page.getByRole('button', { name: 'Sign in' }));
}

async function choose(me, page) {
  await page.getByRole('heading', { name: 'Your choices', level: 1 }).waitFor();
  expect(await page.getByRole('radio', { name: 'Both ways' }).isChecked(), 'the direction was not kept');
  await me.tick(page.getByRole('radio', { name: 'From last week to three months ahead' }));
  await me.tick(page.getByRole('radio', { name: 'That it is an appointment' }));
  expect(await page.getByRole('radio', { name: "The client's initials" }).isDisabled(), 'patient data without an agreement');
  await me.press(page.getByRole('button', { name: 'See what will happen' }));
  await page.getByRole('heading', { name: 'What will happen' }).waitFor();
  await page.getByText(/Will add \d+ appointments? to your calendar/).waitFor();
  // Back without losing anything.
  await me.press(page.getByRole('button', { name: 'Change something' }));
  expect(await page.getByRole('radio', { name: 'From last week to three months ahead' }).isChecked(), 'the range was lost');
  expect(await page.getByRole('radio', { name: 'That it is an appointment' }).isChecked(), 'the detail was lost');
  await me.press(page.getByRole('button', { name: 'See what will happen' }));
}

async function start(me, page) {
  await me.press(page.getByRole('button', { name: 'Start Sync' }));
  await in_step(page);
}

async function in_step(page) {
  await page.getByText('In step.').waitFor();
}

/** Both sides are tried, and nothing stays behind. */
async function verify(me, page) {
  await me.press(page.getByRole('link', { name: 'Verify' }));
  await verify_now(me, page);
  for (const side of ['Your calendar', 'The EHR']) await page.getByRole('heading', { name: side }).waitFor();
}

async function see_the_week_and_review(me, page) {
  await me.press(page.getByRole('link', { name: 'See your week as it stands' }));
  await page.getByRole('heading', { name: /^Week of / }).waitFor();
  await page.getByText('Times in America/New_York').waitFor();
  expect(!(await page.getByRole('main').innerText()).includes('Not in step yet'), 'the week is not in step');
  await me.press(page.getByRole('link', { name: 'Back to this calendar' }));
  await me.press(page.getByRole('link', { name: 'Review' }));
  await page.getByText('Not reviewed yet.').waitFor();
  await me.press(page.getByRole('button', { name: 'It is as I want it' }));
  await in_step(page);
}

async function appointments_appear(me, page, { url, place, owner }) {
  const settings = page.url();
  await page.getByText(/[1-9]\d* appointments are in your calendar/).waitFor();
  await page.goto(`${url}${place}`);
  if (owner) await me.press(page.getByRole('link', { name: owner }));
  await page.getByText('Appointment', { exact: true }).first().waitFor();
  await page.goto(settings);
}

/** An hour of their own closes the same time in the EHR, and opens it again when it is given up. */
async function own_time_closes(me, page, told) {
  const settings = page.url();
  const planned = await plan(page, told);
  await sync_now(me, page, settings);
  await week_has(page, told, 1);
  await page.goto(planned);
  await give_up(page, told);
  await sync_now(me, page, settings);
  await week_has(page, told, 0);
  await page.goto(settings);
}

/** In the calendar's own program; where it is shown there. */
async function plan(page, { url, place, owner, own }) {
  await page.goto(`${url}${place}`);
  await page.getByRole('link', { name: owner }).click();
  const form = page.getByRole('region', { name: 'Add an event' });
  await form.getByLabel('Title').fill(own.title);
  await form.getByLabel('Calendar').selectOption({ label: 'Family' });
  await form.getByLabel('Start').fill(own.start);
  await form.getByRole('button', { name: 'Add' }).click();
  await page.getByText(own.title).first().waitFor();
  return page.url();
}

async function give_up(page, { provider, own }) {
  const item = page.getByRole('listitem').filter({ hasText: own.title });
  if (is_by_password(provider)) await item.locator('summary').click();
  else await item.getByRole('button', { name: own.title }).click();
  await item.getByRole('button', { name: 'Delete' }).click();
  await item.waitFor({ state: 'detached' });
}

async function sync_now(me, page, settings) {
  await page.goto(settings);
  await me.press(page.getByRole('button', { name: 'Sync now' }));
  await in_step(page);
}

/** So many times are closed in the EHR's week when the own hour is. */
async function week_has(page, { url, own }, count) {
  const closed = page.getByRole('listitem').filter({ hasText: own.times }).filter({ hasText: 'Closed' });
  await eventually(page, `${own.times} is closed ${count} times`, async () => {
    await page.goto(`${url}/sandbox/ehr/?practitioner=prac-1&week=${own.start.slice(0, 10)}`);
    return (await closed.count()) === count;
  });
}

/** What will change is said before the click. */
async function change(me, page) {
  await me.press(page.getByRole('link', { name: 'Change settings' }));
  await me.tick(page.getByRole('radio', { name: 'Only that you are busy' }));
  await me.press(page.getByRole('button', { name: 'See what will happen' }));
  await page.getByText(/Will change \d+ appointments? in your calendar/).waitFor();
  await me.press(page.getByRole('button', { name: 'Save' }));
  await page.getByRole('definition').filter({ hasText: 'Only that you are busy' }).waitFor();
  await in_step(page);
}

async function pause_and_resume(me, page) {
  await me.press(page.getByRole('button', { name: 'Pause' }));
  await page.getByText('Paused since').waitFor();
  await me.press(page.getByRole('button', { name: 'Resume' }));
  await in_step(page);
  await me.press(page.getByRole('button', { name: 'Sync now' }));
  await in_step(page);
}

async function disconnect(me, page) {
  await me.press(page.getByRole('link', { name: 'Disconnect' }));
  await me.tick(page.getByRole('radio', { name: 'Remove them' }));
  await me.press(page.getByRole('button', { name: 'Disconnect' }));
  await page.getByText('Nothing is left:').waitFor();
  await me.press(page.getByRole('button', { name: 'Log out' }));
  await page.getByRole('heading', { name: 'You are logged out' }).waitFor();
}
