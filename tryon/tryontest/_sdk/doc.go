// Package sdk holds this module's fakes of Google's and OpenAI's services, and
// its drivers for them, against the clients that those companies publish. Each
// fake is asked the same thing twice, by the official client and by our driver:
// what both sent must be the same, and what both read in the answer, too. A
// fake that speaks its dialect wrongly confuses the official client; a driver
// that does is refused by nobody but fails here.
//
// It is a module of its own because those clients bring seventy modules along.
package sdk
