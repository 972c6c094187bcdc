// Package oidc signs people in by an OpenID Connect provider: [Provider.Begin] says where to send a browser,
// [Provider.Finish] says who came back. Authorization code with PKCE; the ID token's issuer, audience,
// signature, expiry and nonce are checked. It keeps nothing of a sign-in: what the second step needs is a
// [Flow], which the caller keeps for it, sealed. Who that person is here is not its business.
package oidc
