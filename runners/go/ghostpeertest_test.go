package ghostpeertest

import (
	"errors"
	"net"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"
)

func comesBack(t *testing.T, host string, port int) int {
	t.Helper()
	for attempt := 1; ; attempt++ {
		connection, err := net.Dial("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
		if err == nil {
			connection.Close()
			return attempt
		}
		if !errors.Is(err, syscall.ECONNREFUSED) || attempt > 10 {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func TestComesBack(t *testing.T) {
	peer := New(t, "refuse-twice", Name("db.example"))
	if attempts := comesBack(t, peer.Host, 5432); attempts != 3 {
		t.Errorf("%d attempts", attempts)
	}
}

func TestSideBySide(t *testing.T) {
	for _, times := range []int{1, 3} {
		times := times
		t.Run(strconv.Itoa(times), func(t *testing.T) {
			t.Parallel()
			peer := New(t, "refuse-twice", Port(5432), Set("times", times))
			if attempts := comesBack(t, peer.Host, peer.Port); attempts != times+1 {
				t.Errorf("%d attempts", attempts)
			}
		})
	}
}

func TestNoticesAReset(t *testing.T) {
	peer := New(t, map[string]any{"summary": "Honest."})
	connection, err := net.Dial("tcp", net.JoinHostPort(peer.Host, "80"))
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	peer.Wait("established >= 1", 5*time.Second)
	if reset := peer.Reset(); reset != 1 {
		t.Errorf("%d connections were reset", reset)
	}
	if _, err := connection.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("%v", err)
	}
}

// Fails, where it is asked to: a fault that is never met fails its test by name.
func TestNeverMet(t *testing.T) {
	if os.Getenv("GHOSTPEER_TEST_FAILS") == "" {
		t.Skip("GHOSTPEER_TEST_FAILS is not set")
	}
	New(t, "refuse-twice")
}
