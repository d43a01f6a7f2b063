// An administrator's way through the practice's pages: from the sandbox EHR to who is connected, what is allowed, the
// agreements, the audit trail and its export. Each page is looked at in both colour schemes, on a desk and on a phone.

import { readFileSync } from 'node:fs';

import { hands } from './hands.mjs';
import { SIZES, eventually, expect, story } from './house.mjs';
import { looked_at } from './look.mjs';

await story(async (page, told) => {
  const me = hands(page, told.hands);
  const faults = [];
  const look = async (name) => {
    if (told.looks) faults.push(...(await looked_at(page, name)));
    await page.setViewportSize(SIZES.desktop);
  };
  await open(me, page, told);
  await see_who_is_connected(page, told);
  await look('practice');
  await lower(me, page, look);
  await agree(me, page, told, look);
  await read_the_trail(me, page, look);
  await end_it(me, page, look);
  await page.goto(`${told.url}/settings/connect`);
  await page.getByRole('heading', { name: 'This page is for clinicians' }).waitFor();
  expect(faults.length === 0, faults.join('\n'));
}, { refusals: [403, 422] });

async function open(me, page, { url, script }) {
  await page.goto(`${url}/sandbox/ehr/settings?practitioner=prac-1`);
  await me.press(page.getByRole('button', { name: "Open as the practice's administrator" }));
  if (script === 'off') await me.press(page.getByRole('button', { name: 'Continue' }));
  await page.getByRole('heading', { name: 'Your practice', level: 1 }).waitFor();
}

/** They see that it works, and not what for. */
async function see_who_is_connected(page, { account, masked }) {
  const region = page.getByRole('region', { name: 'Who is connected' });
  // A change may be on its way just now; the page is not told when it has arrived.
  await eventually(page, 'the connection is in step', async () => {
    await page.reload();
    return (await region.innerText()).includes('In step.');
  });
  const people = await region.innerText();
  for (const words of ['Maya Okafor', 'In step.', 'Last synced', 'America/New_York', 'Operational hours', masked]) {
    expect(people.includes(words), `${words} is missing: ${people}`);
  }
  for (const words of [account, 'Work schedule']) expect(!people.includes(words), `${words} is shown: ${people}`);
}

/** What lowering does is said before the click. */
async function lower(me, page, look) {
  await me.press(page.getByRole('link', { name: 'What is allowed' }));
  await me.tick(page.getByRole('radio', { name: 'Only that the clinician is busy' }));
  await look('practice-policy');
  await mistype(me, page, look);
  await me.press(page.getByRole('button', { name: 'See what will change' }));
  await page.getByText('In 1 calendar every entry that was ever written is rewritten').waitFor();
  await look('practice-preview');
  await me.press(page.getByRole('button', { name: 'Save' }));
  await page.getByRole('status').filter({ hasText: 'Saved.' }).waitFor();
  expect(await page.getByRole('radio', { name: 'Only that the clinician is busy' }).isChecked(), 'it was not saved');
}

/** The form comes back under the reason, with all that was chosen. */
async function mistype(me, page, look) {
  const domains = page.getByLabel('Domains, one on each line');
  await me.tick(page.getByRole('radio', { name: 'Only accounts of these domains' }));
  await me.type(domains, 'ada@clinic.example.org');
  await me.press(page.getByRole('button', { name: 'See what will change' }));
  await page.getByRole('alert').filter({ hasText: 'Write at most 200 domains' }).waitFor();
  expect((await domains.inputValue()) === 'ada@clinic.example.org', 'what was typed is lost');
  await look('practice-policy-refused');
  await me.tick(page.getByRole('radio', { name: 'Any account' }));
}

async function agree(me, page, { domain }, look) {
  await me.press(page.getByRole('link', { name: 'Agreements' }));
  await page.getByText(`Connected without an agreement: ${domain}`).waitFor();
  await me.type(page.getByLabel('Domain of the accounts'), domain);
  await me.type(page.getByLabel('Your name'), 'Avery Admin');
  await me.tick(page.getByRole('checkbox', { name: /^A business associate agreement is in force/ }));
  await me.press(page.getByRole('button', { name: 'Put on record' }));
  await page.getByRole('status').filter({ hasText: 'It is on record.' }).waitFor();
  await page.getByText('Confirmed by Avery Admin').waitFor();
  await look('practice-agreements');
  await me.press(page.getByRole('button', { name: `Withdraw the agreement for ${domain}` }));
  await page.getByRole('status').filter({ hasText: 'It is withdrawn.' }).waitFor();
}

/** In the clinician's place, who may have left. */
async function end_it(me, page, look) {
  await me.press(page.getByRole('link', { name: 'Clinicians' }));
  await me.press(page.getByRole('link', { name: /^Disconnect .* of .*Maya Okafor/ }));
  await page.getByText('clients may book them').waitFor();
  await look('practice-leave');
  await me.press(page.getByRole('button', { name: 'Disconnect' }));
  await page.getByText(/Disconnecting\.|Nobody yet/).first().waitFor();
}

async function read_the_trail(me, page, look) {
  await me.press(page.getByRole('link', { name: 'Audit trail' }));
  const trail = await page.getByRole('region', { name: 'What was done, newest first' }).innerText();
  for (const words of [
    'Changed what is allowed: the most that is told',
    'Put an agreement on record',
    'Withdrew an agreement',
    'administrator User/office',
  ]) {
    expect(trail.includes(words), `${words} is not in the trail: ${trail}`);
  }
  expect(!trail.includes('Avery'), `a name is in the trail: ${trail}`);
  await look('practice-audit');
  const csv = await download(me, page, 'Download CSV');
  expect(csv.startsWith('id,at,actor') && csv.includes('"policy.changed"'), csv);
  const items = JSON.parse(await download(me, page, 'Download JSON')).items;
  expect(items.some(({ deed }) => deed === 'attestation.withdrawn'), 'the export lacks an entry');
}

async function download(me, page, name) {
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    me.press(page.getByRole('button', { name })),
  ]);
  return readFileSync(await file.path(), 'utf8');
}
