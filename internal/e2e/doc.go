// Package e2e holds the end-to-end tests of the media line: publisher, ingest, stream, packager and web/hls
// wired together in one process, with real encoders outside and a strict player that judges the result.
// It has no code of its own. What a page does with it all is tested in the browser, elsewhere.
package e2e
