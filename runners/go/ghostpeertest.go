// Package ghostpeertest gives a test TCP peers that misbehave, and judges what came of them.
//
//	func TestComesBack(t *testing.T) {
//		peer := ghostpeertest.New(t, "refuse-twice", ghostpeertest.Name("db.example"))
//		connect(t, peer.Host, 5432)
//	}
//
//	$ ghostpeer run -q healthy -- go test ./...
package ghostpeertest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"
)

// Run is the running ghostpeer around this process.
type Run struct {
	client http.Client
	base   string
	token  string
}

// Open finds the run by its environment.
func Open() (*Run, error) {
	address := os.Getenv("GHOSTPEER_CONTROL")
	if address == "" {
		return nil, fmt.Errorf("this is no run of ghostpeer: ghostpeer run -q healthy -- go test ./...")
	}
	run := &Run{token: os.Getenv("GHOSTPEER_CONTROL_TOKEN"), base: strings.TrimSuffix(address, "/")}
	if path := strings.TrimPrefix(address, "unix:"); path != address {
		run.base = "http://ghostpeer"
		run.client.Transport = &http.Transport{
			DisableKeepAlives: true,
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return (&net.Dialer{}).DialContext(ctx, "unix", path)
			},
		}
	}
	return run, nil
}

// Text asks, and returns the answer as it came.
func (run *Run) Text(method, path string, body any) (string, error) {
	var content io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return "", err
		}
		content = bytes.NewReader(encoded)
	}
	request, err := http.NewRequest(method, run.base+path, content)
	if err != nil {
		return "", err
	}
	if run.token != "" {
		request.Header.Set("Authorization", "Bearer "+run.token)
	}
	response, err := run.client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return "", err
	}
	if response.StatusCode >= http.StatusBadRequest {
		var answer struct{ Error, Diagnostics string }
		_ = json.Unmarshal(text, &answer)
		return "", fmt.Errorf("ghostpeer: %s", strings.TrimSpace(answer.Error+"\n"+answer.Diagnostics))
	}
	return string(text), nil
}

func (run *Run) ask(method, path string, body, answer any) error {
	text, err := run.Text(method, path, body)
	if err != nil || answer == nil {
		return err
	}
	return json.Unmarshal([]byte(text), answer)
}

// Option says more of a peer.
type Option func(map[string]any)

// Name is that of a host; without it the peer is at an address that is free.
func Name(host string) Option { return func(body map[string]any) { body["name"] = host } }

// Address is one of the peer's own choice.
func Address(address string) Option { return func(body map[string]any) { body["address"] = address } }

// Port is the peer's; without it every port is.
func Port(port int) Option { return func(body map[string]any) { body["port"] = port } }

// Set gives a parameter of the profile a value.
func Set(name string, value any) Option {
	return func(body map[string]any) {
		set, _ := body["set"].(map[string]any)
		if set == nil {
			set = map[string]any{}
		}
		set[name] = value
		body["set"] = set
	}
}

// Peer is one peer of a test.
type Peer struct {
	Name      string   `json:"name"`
	Addresses []string `json:"addresses"`
	Port      int      `json:"port"`
	Host      string   // the name of the host, or the address
	run       *Run
	t         testing.TB
}

// Scope is the peers of one test, which are judged when it is over.
type Scope struct {
	Name string
	run  *Run
	t    testing.TB
}

// Verdict is what the peers of a scope amount to.
type Verdict struct {
	Pass     bool     `json:"pass"`
	Headline string   `json:"headline"`
	Failures []string `json:"failures"`
	Text     string   `json:"text"`
}

// Begin begins a scope. When the test is over, a fault that it never met, or an expectation that
// does not hold, fails it. Outside of a run the test is skipped.
func Begin(t testing.TB) *Scope {
	t.Helper()
	run, err := Open()
	if err != nil {
		t.Skip(err)
	}
	scope := &Scope{Name: t.Name(), run: run, t: t}
	for more := 2; ; more++ {
		err = run.ask("POST", "/v1/scopes", map[string]string{"name": scope.Name}, nil)
		if err == nil {
			break
		}
		if more > 100 || !strings.Contains(err.Error(), "There is a scope") {
			t.Fatal(err)
		}
		scope.Name = fmt.Sprintf("%s (%d)", t.Name(), more)
	}
	t.Cleanup(scope.end)
	return scope
}

func (scope *Scope) end() {
	verdict, err := scope.Verdict()
	if err == nil && !scope.t.Skipped() && (!verdict.Pass || scope.t.Failed()) {
		trace, _ := scope.run.Text("GET", scope.path("/trace"), nil)
		if !verdict.Pass {
			scope.t.Errorf("%s", trace)
		} else {
			scope.t.Logf("%s", trace)
		}
	}
	if err == nil {
		err = scope.run.ask("DELETE", scope.path(""), nil, nil)
	}
	if err != nil {
		scope.t.Error(err)
	}
}

func (scope *Scope) path(part string) string {
	return "/v1/scopes/" + url.PathEscape(scope.Name) + part
}

// Verdict is what the scope amounts to by now.
func (scope *Scope) Verdict() (Verdict, error) {
	var verdict Verdict
	err := scope.run.ask("GET", scope.path("/verdict"), nil, &verdict)
	return verdict, err
}

// Add gives the scope one more peer. The profile is a name of the catalogue, a path, a text with
// line ends, or a value that is a profile as JSON.
func (scope *Scope) Add(profile any, options ...Option) *Peer {
	scope.t.Helper()
	body := map[string]any{"scope": scope.Name}
	if text, is := profile.(string); is && strings.Contains(text, "\n") {
		body["yaml"] = text
	} else {
		body["profile"] = profile
	}
	for _, option := range options {
		option(body)
	}
	peer := &Peer{run: scope.run, t: scope.t}
	if err := scope.run.ask("POST", "/v1/peers", body, peer); err != nil {
		scope.t.Fatal(err)
	}
	peer.Host, _ = body["name"].(string)
	if peer.Host == "" {
		peer.Host = peer.Addresses[0]
	}
	return peer
}

// New gives a test one peer in a scope of its own.
func New(t testing.TB, profile any, options ...Option) *Peer {
	t.Helper()
	return Begin(t).Add(profile, options...)
}

// Act carries out an action of the profile language, and returns on how many connections.
func (peer *Peer) Act(action any) int {
	peer.t.Helper()
	var answer struct{ Connections int }
	err := peer.run.ask("POST", "/v1/peers/"+url.PathEscape(peer.Name)+"/actions",
		map[string]any{"do": action}, &answer)
	if err != nil {
		peer.t.Fatal(err)
	}
	return answer.Connections
}

// Reset resets the connections of the peer.
func (peer *Peer) Reset() int { return peer.Act("reset") }

// Use gives new connections of the peer another profile.
func (peer *Peer) Use(profile string) {
	peer.t.Helper()
	err := peer.run.ask("PUT", "/v1/peers/"+url.PathEscape(peer.Name)+"/profile",
		map[string]any{"profile": profile}, nil)
	if err != nil {
		peer.t.Fatal(err)
	}
}

// Wait returns once the condition is true of the peer: `established >= 1`.
func (peer *Peer) Wait(condition string, timeout time.Duration) {
	peer.t.Helper()
	query := url.Values{"for": {condition + " peer=" + peer.Name},
		"timeout": {fmt.Sprintf("%dms", timeout.Milliseconds())}}
	if err := peer.run.ask("GET", "/v1/wait?"+query.Encode(), nil, nil); err != nil {
		peer.t.Fatal(err)
	}
}
