// One space, as Google's guide makes it with @googleapis/chat, over a login that is kept in a file.

const fs = require('node:fs');
const {auth, chat} = require('@googleapis/chat');

async function main() {
  const login = process.env.BENCH_LOGIN;
  const stored = JSON.parse(fs.readFileSync(login, 'utf8'));
  const client = new auth.OAuth2({
    clientId: stored.client_id,
    clientSecret: stored.client_secret,
    endpoints: {oauth2TokenUrl: process.env.BENCH_TOKEN},
  });
  client.on('tokens', (tokens) => fs.writeFileSync(login, JSON.stringify({...stored, ...tokens})));
  client.setCredentials({
    access_token: stored.access_token,
    refresh_token: stored.refresh_token,
    expiry_date: stored.expiry_date,
  });
  const service = chat({version: 'v1', auth: client, rootUrl: `${process.env.BENCH_CHAT}/`});
  const space = await service.spaces.create({requestBody: {displayName: 'API-made', spaceType: 'SPACE'}});
  console.log(JSON.stringify(space.data));
}

main();
