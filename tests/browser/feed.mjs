// Apple Calendar without any password: from the EHR's settings to an address that a calendar program fetches, and to its
// end; each page looked at in both colour schemes, on a desk and on a phone.

import { looked_at } from './look.mjs';
import { expect, story } from './house.mjs';

await story(async (page, { url, clinician }) => {
  const faults = [];
  const look = async (name) => faults.push(...(await looked_at(page, name)));
  const click = (role, name) => page.getByRole(role, { name }).click();
  await page.goto(`${url}/sandbox/ehr/`);
  await click('link', clinician);
  await click('link', 'Settings');
  await click('button', 'Open Calendar Sync');
  await click('link', 'Without any password: subscribe instead');
  await page.getByRole('heading', { name: 'Subscribe without a password', level: 1 }).waitFor();
  await page.getByText('It does not close time in the EHR.').waitFor();
  await look('feed');

  await page.getByRole('radio', { name: 'That it is an appointment' }).check();
  await click('button', 'Make my address');
  const address = await shown(page, url);
  await look('feed_made');

  await page.goto(`${url}/settings/feed`);
  await page.getByText('No calendar has fetched it yet.').waitFor();
  expect(!(await page.content()).includes(secret(address)), 'the address is shown again');

  const file = await fetched(address);
  expect(file.status === 200 && file.text.includes('SUMMARY:Appointment'), `${file.status}: ${file.text.slice(0, 300)}`);
  await page.goto(`${url}/settings`);
  await page.getByRole('heading', { name: 'Subscription, read-only' }).waitFor();
  await page.getByText(/Last fetched .* \(America\/New_York\)/).waitFor();
  await look('home_feed');

  await click('link', 'Open the subscription');
  await click('button', 'Make a new address');
  const second = await shown(page, url);
  expect(second !== address, 'the new address is the old one');
  expect((await fetched(address)).status === 404, 'the old address still opens something');
  await click('button', 'End this subscription');
  await page.getByRole('button', { name: 'Make my address' }).waitFor();
  expect((await fetched(second)).status === 404, 'the revoked address still opens something');
  await page.goto(`${url}/settings`);
  await page.getByRole('heading', { name: 'Connect your calendar', level: 1 }).waitFor();
  expect(faults.length === 0, faults.join('\n'));
}, { refusals: [404] });

/** The address on the page, and that the button opens the same in a calendar program. */
async function shown(page, url) {
  const address = await page.getByLabel(/copy it into your calendar/).inputValue();
  expect(address.startsWith(`${url}/feeds/`) && address.endsWith('.ics'), `${address} is no address of a feed`);
  const link = await page.getByRole('link', { name: 'Open in Apple Calendar' }).getAttribute('href');
  expect(link === address.replace(/^https?:/, 'webcal:'), `${link} does not lead to ${address}`);
  return address;
}

function secret(address) {
  return address.split('/').pop().replace('.ics', '');
}

/** As a calendar program does: with no cookie of ours. */
async function fetched(address) {
  const answer = await fetch(address);
  return { status: answer.status, text: await answer.text() };
}
