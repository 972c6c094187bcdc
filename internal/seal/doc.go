// Package seal encrypts small secrets that are kept in the database: where alerts go, and the keys to get in
// there. A dump of the database alone opens none of them. AES-256-GCM, from the standard library.
package seal
