// The EHR and Daybook are different sites, the EHR shows Calendar Sync in a page of its own, and the browser blocks the
// cookies of third parties. Signing in happens in a window of its own, since providers refuse frames, and so does our own page
// that asks for a password.

import { hands } from './hands.mjs';
import { expect, story } from './house.mjs';
import { choose_calendar, sign_in } from './sign_in.mjs';

await story(async (page, told) => {
  const frame = await open_in_frame(page, told);
  await cookies_of_third_parties_are_blocked(page, told);
  await sign_in_in_a_window(page, frame, told);
  await choose_and_start(frame);
  await pause_and_resume(frame);
  await leave(frame);
  await no_other_site_may_frame_it(page, told);
}, { foreseen: ['frame-ancestors', 'no answer: https://daybook.test'] });

async function open_in_frame(page, { ehr, daybook, clinician }) {
  await page.goto(`${ehr}/sandbox/ehr/settings`);
  await page.getByRole('link', { name: clinician }).click();
  await page.getByRole('button', { name: 'Show it on this page' }).click();
  const frame = page.frameLocator('iframe[title="Calendar Sync"]');
  await frame.getByRole('heading', { name: 'Connect your calendar', level: 1 }).waitFor();
  expect(page.url().startsWith(ehr), `${page.url()} is not the EHR`);
  expect(shown(page, daybook).url().startsWith(`${daybook}/settings`), 'the frame shows something else');
  return frame;
}

function shown(page, daybook) {
  return page.frames().find((frame) => frame.url().startsWith(daybook));
}

/** Or else this story would prove nothing. */
async function cookies_of_third_parties_are_blocked(page, { daybook }) {
  const kept = await shown(page, daybook).evaluate(() => {
    const write = (name, ways) => { document.cookie = `${name}=1; SameSite=None; Secure; Path=/${ways}`; };
    write('anywhere', '');
    write('here', '; Partitioned');
    return document.cookie;
  });
  expect(kept === 'here=1', `the browser keeps ${kept || 'nothing'}`);
}

async function sign_in_in_a_window(page, frame, told) {
  const { daybook, account } = told;
  const me = hands(page);
  await choose_calendar(me, frame, told);
  const opened = page.context().waitForEvent('page');
  await frame.getByRole('link', { name: 'Sign in' }).click();
  const window = await opened;
  await sign_in(me, window, told);
  await window.getByRole('heading', { name: `Connected as ${account}` }).waitFor();
  expect(window.url().startsWith(daybook), `${window.url()} is not Daybook`);
  await window.close();
  await frame.getByRole('link', { name: 'I have signed in' }).click();
  await frame.getByRole('heading', { name: 'Is this the account?' }).waitFor();
  await frame.getByRole('heading', { name: account }).waitFor();
}

async function choose_and_start(frame) {
  await frame.getByRole('link', { name: 'Yes, go on' }).click();
  await frame.getByRole('button', { name: 'See what will happen' }).click();
  await frame.getByRole('button', { name: 'Start Sync' }).click();
  await in_step(frame);
}

async function in_step(frame) {
  await frame.getByText('In step.').waitFor();
}

async function pause_and_resume(frame) {
  await frame.getByRole('button', { name: 'Pause' }).click();
  await frame.getByText('Paused since').waitFor();
  await frame.getByRole('button', { name: 'Resume' }).click();
  await in_step(frame);
}

async function leave(frame) {
  await frame.getByRole('button', { name: 'Log out' }).click();
  await frame.getByRole('heading', { name: 'You are logged out' }).waitFor();
}

/** The same form in a page of a site that the practice has not registered: the browser shows nothing of it. */
async function no_other_site_may_frame_it(page, { ehr, other, daybook, clinician }) {
  const asked = page.waitForResponse((answer) => answer.url() === `${daybook}/settings`);
  await page.goto(`${other}/sandbox/ehr/settings`);
  await page.getByRole('link', { name: clinician }).click();
  await page.getByRole('button', { name: 'Show it on this page' }).click();
  const policy = (await asked).headers()['content-security-policy'];
  expect(policy.includes(`frame-ancestors ${ehr}`), `the policy is ${policy}`);
  await page.waitForFunction(() => document.querySelector('iframe') !== null);
  expect(shown(page, `${daybook}/settings`) === undefined, 'another site shows Calendar Sync');
}
