// Package api is the shop's JSON API: what a viewer's page, a merchant's desk and the commands ask of the rooms
// catalogue, show, order and account, with its OpenAPI 3.1 description made from the Go types it speaks.
package api
