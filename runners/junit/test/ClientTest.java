import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ghostpeer.junit.Ghostpeer;
import ghostpeer.junit.Peers;
import java.io.IOException;
import java.net.ConnectException;
import java.net.Socket;
import java.net.SocketException;
import org.junit.jupiter.api.Test;

class ClientTest {
    private static int comesBack(String host, int port) throws IOException {
        for (int attempt = 1; ; ++attempt) {
            try (Socket socket = new Socket(host, port)) {
                return attempt;
            } catch (ConnectException refused) {
                continue;
            }
        }
    }

    @Test
    @Ghostpeer(profile = "refuse-twice", peer = "db.example")
    void comesBack(Peers peers) throws IOException {
        assertEquals(3, comesBack("db.example", 5432));
    }

    @Test
    @Ghostpeer(profile = "refuse-twice", set = {"times=1"})
    void comesBackSooner(Peers peers) throws IOException {
        assertEquals(2, comesBack(peers.host(), 80));
    }

    @Test
    @Ghostpeer(yaml = "summary: Honest.\n")
    void noticesAReset(Peers peers) throws IOException {
        try (Socket socket = new Socket(peers.host(), 80)) {
            peers.await("established >= 1");
            assertEquals(1, peers.reset());
            assertThrows(SocketException.class, () -> socket.getInputStream().read());
        }
    }
}
