package tryontest

import (
	"strings"
	"testing"
)

// advise says what a case that failed asks of a driver.
func advise(t *testing.T, name string) {
	if !t.Failed() {
		return
	}
	for _, a := range advice {
		if strings.HasPrefix(name, a.name) {
			t.Log("what to do: " + a.text)
			return
		}
	}
}

// advice is by the beginnings of cases' names, the longer ones first.
var advice = []struct{ name, text string }{
	{"ok", "the simplest case: look at the fake's Serve and at what Submit and Poll make of its answers; all traffic goes through Input.HTTP and Handle.HTTP, to Profile.Hosts"},
	{"two pictures", "ask the service for Input.N pictures and return what it drew; Driver.Several says that it can draw several"},
	{"one picture of two", "return the pictures that are there: the client warns that one is missing"},
	{"sixteen at once", "a backend is used by many goroutines: keep nothing of one call in it"},
	{"a key of one's own", "send the key that the backend was made with in a header"},
	{"describes itself", "Profile needs Name, Tasks, SubProcessor, Region and Hosts; Classify may be tryon.DefaultFault"},
	{"blocked", "moderation's word is a tryon.Error with a Blocked code, whatever the status of the answer; no other provider is asked then"},
	{"talks only", "an answer without a picture is tryon.NoImage"},
	{"wrong key", "401 is tryon.Unauthenticated; wire.Status says what statuses mean"},
	{"no credits", "credits used up are tryon.QuotaExhausted: Service.Explain reads what the status does not say"},
	{"model retired", "a model that is gone is tryon.ModelRetired: Service.Explain reads what the status does not say"},
	{"limited", "too many requests are tryon.RateLimited with Retry, in the service's own words too: Service.Explain"},
	{"429", "return tryon.RateLimited with Retry and, from Retry-After, After; the client waits, not the driver"},
	{"403", "403 is tryon.Forbidden; wire.Status says what statuses mean"},
	{"413", "413 is tryon.BadPhoto: another provider is not asked"},
	{"422", "422 is tryon.Unsupported"},
	{"500", "a status of 500 and more is tryon.Unavailable with Retry; the client repeats, not the driver"},
	{"503", "503 is tryon.Unavailable with Retry; the client repeats, not the driver"},
	{"502", "make no request but through Input.HTTP, and mark uploads alone as tryon.Preparation: the client knows after which statuses work may have begun"},
	{"accepted, and answered", "make no request but through Input.HTTP, and mark uploads alone as tryon.Preparation: the client knows after which statuses work may have begun"},
	{"no connection", "return what Input.HTTP returned, wrapped or not: the client knows whether anything was sent"},
	{"connection breaks", "return what Input.HTTP returned, and do not submit again: the work may have begun"},
	{"slow", "pass the context on to the request and return when it ends"},
	{"the caller gives up", "pass the context on to the request and return when it ends"},
	{"answer:", "an answer to the submission that cannot be read is tryon.AcceptedUnknown, since the work may have begun: wire.Service.Submit does this"},
	{"redirect to", "return what Input.HTTP returned; it follows no redirect to hosts that Profile does not declare"},
	{"poll: slow", "pass the context on to the request and return when it ends"},
	{"poll:", "while asking about accepted work, what may pass is tryon.Unavailable or RateLimited with Retry: wire.Service.Ask does this"},
	{"job fails", "say tryon.Internal for work that failed at the service"},
	{"job lost", "accepted work that the service does not know is tryon.AcceptedUnknown: wire.Service.Ask does this"},
	{"job", "while the work goes on, Poll returns tryon.Pending"},
	{"upload:", "make uploads under tryon.Preparation, which says that they begin no work: wire.Service.Prepare does this"},
	{"not a picture", "return the bytes as they are: the client looks whether they are a picture"},
	{"bomb", "do not decode pictures: the client does, with limits"},
	{"bytes behind", "return the bytes as they are: the client cleans them"},
	{"picture", "fetch pictures through Handle.HTTP without the key, at most Profile.ResultHosts: wire.Fetch does this"},
	{"start and wait", "what Poll needs goes into Handle.ID and Handle.State, which are stored; nothing of it is kept in the backend"},
	{"wait in another process", "what Poll needs goes into Handle.ID and Handle.State, which are stored; nothing of it is kept in the backend"},
	{"nothing is left behind", "list in Handle.Left what Erase is to delete, and call Input.Leave before an upload is made; set Driver.JobsStay where jobs cannot be deleted"},
	{"deletions", "Erase returns nil for what is gone, also when it was before, and any other error is tried again: wire.Service.Erase does this"},
	{"what can't be named", "declare what the service keeps in Profile.Uploads and Profile.Outputs, so that it is on record when a job's name is lost"},
	{"callback: finds a job", "VerifyCallback returns the name that the provider gave the job, and tryon.Leaver says by that name what is to be deleted"},
	{"callback", "VerifyCallback checks the signature and its time and returns the provider's name for the job; nothing else in the body counts"},
	{"seed", "a driver of a service without seeds ignores Input.Seed"},
	{"no consent", "make no request but through Input.HTTP: it asks for consent each time"},
	{"consent ends", "make no request but through Handle.HTTP: it asks for consent each time, and its error is returned"},
	{"an agreement that forbids", "make no request but through Input.HTTP, and none in New or Describe"},
	{"no record, no request", "make no request but through Input.HTTP: it records each body before it leaves"},
	{"gives up and comes back", "what Poll needs goes into Handle.ID and Handle.State, which are stored; nothing of it is kept in the backend"},
	{"erased while it draws", "return what Input.Leave, Input.HTTP and Handle.HTTP returned, call Input.Leave before an upload is made, and list in Handle.Left what accepted work leaves behind"},
	{"erase on request", "Erase returns nil for what is gone, also when it was before, and any other error is tried again: wire.Service.Erase does this"},
}
