// Package api is the shop's JSON API: what a viewer's page, a merchant's desk and the commands ask of the rooms
// catalogue, show, order and account. Its OpenAPI 3.1 description, at /api/openapi.json, is made from the Go types
// it speaks, so the two cannot disagree.
//
// It decides who may ask (a sign-in session's cookie or an API token; a merchant sees what is its own, an admin
// everything), how often, and in which words the answer is given; what is right and wrong about a product, a pin or
// an order the rooms decide. It takes no media, sends no events and knows no pages.
//
// To add an operation: give it a line in the register function of its file (shows.go, products.go, …), an input and
// an output struct, and a line in the scenario table of the tests.
package api
