// A real OpenID provider on loopback, in which anybody is who they say.
// Usage: node server.mjs PORT REDIRECT_URI
import Provider from 'oidc-provider';

const [port, redirect] = process.argv.slice(2);
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{ client_id: 'samverk', client_secret: 'a secret of the tests', redirect_uris: [redirect], grant_types: ['authorization_code'] }],
  pkce: { required: () => true },
  cookies: { keys: ['a key of the tests'] },
  features: { devInteractions: { enabled: true } },
});
provider.listen(Number(port), '127.0.0.1', () => console.log('listening'));
process.stdin.on('end', () => process.exit(0)).resume(); // whoever started it is gone
