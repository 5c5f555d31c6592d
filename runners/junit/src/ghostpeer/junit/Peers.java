package ghostpeer.junit;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The peers of one test; a parameter of the test, of that type, has them. */
public final class Peers {
    private final Control control = new Control();
    private final String scope;
    private final List<String> names = new ArrayList<>();
    private final List<String> hosts = new ArrayList<>();

    Peers(String name) {
        String chosen = name;
        for (int more = 2; ; ++more) {
            try {
                control.ask("POST", "/v1/scopes", "{\"name\":" + Control.quoted(chosen) + "}");
                break;
            } catch (IllegalStateException refused) {
                if (more > 100 || !refused.getMessage().contains("There is a scope")) {
                    throw refused;
                }
                chosen = name + " (" + more + ")";
            }
        }
        scope = chosen;
    }

    void add(Ghostpeer wanted) {
        if (wanted.profile().isEmpty() == wanted.yaml().isEmpty()) {
            throw new IllegalArgumentException("@Ghostpeer needs profile or yaml, and not both");
        }
        StringBuilder body = new StringBuilder("{\"scope\":").append(Control.quoted(scope));
        body.append(wanted.yaml().isEmpty() ? ",\"profile\":" + Control.quoted(wanted.profile())
                                            : ",\"yaml\":" + Control.quoted(wanted.yaml()));
        if (!wanted.peer().isEmpty()) {
            body.append(",\"name\":").append(Control.quoted(wanted.peer()));
        }
        if (wanted.port() != 0) {
            body.append(",\"port\":").append(wanted.port());
        }
        List<String> set = new ArrayList<>();
        for (String assignment : wanted.set()) {
            String[] parts = assignment.split("=", 2);
            set.add(Control.quoted(parts[0]) + ":" + Control.quoted(parts.length > 1 ? parts[1] : ""));
        }
        body.append(",\"set\":{").append(String.join(",", set)).append("}}");
        String answer = control.ask("POST", "/v1/peers", body.toString());
        names.add(Control.text(answer, "name"));
        Matcher address = Pattern.compile("\"addresses\":\\[\"([^\"]*)\"").matcher(answer);
        hosts.add(!wanted.peer().isEmpty() ? wanted.peer() : address.find() ? address.group(1) : "");
    }

    /** Where the first peer is. */
    public String host() {
        return host(0);
    }

    /** Where that one is, in the order of the annotations. */
    public String host(int peer) {
        return hosts.get(peer);
    }

    /** Any action of the profile language, as YAML; returns on how many connections. */
    public int act(String action) {
        String answer = control.ask("POST", path("/actions"), "{\"do\":" + Control.quoted(action) + "}");
        Matcher count = Pattern.compile("\"connections\":(\\d+)").matcher(answer);
        return count.find() ? Integer.parseInt(count.group(1)) : 0;
    }

    public int reset() {
        return act("reset");
    }

    /** Returns once the condition is true of the first peer: {@code established >= 1}. */
    public void await(String condition) {
        control.ask("GET", "/v1/wait?timeout=10s&for="
                + Control.encode(condition + " peer=" + names.get(0)), null);
    }

    /** What was recorded until now, as a run would show it. */
    public String trace() {
        return control.ask("GET", path("/trace"), null);
    }

    /** Empty: the test has met what its peers do, and what they expect holds. */
    String failure() {
        String verdict = control.ask("GET", path("/verdict"), null);
        return verdict.contains("\"pass\":true") ? "" : Control.text(verdict, "text");
    }

    void end() {
        control.ask("DELETE", path(""), null);
    }

    private String path(String part) {
        return "/v1/scopes/" + Control.encode(scope) + part;
    }
}
