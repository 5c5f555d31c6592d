package ghostpeer.junit;

import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The running ghostpeer around this process, by TCP. */
final class Control {
    private static final String WHERE = System.getenv("GHOSTPEER_CONTROL_TCP");
    private static final String TOKEN = System.getenv("GHOSTPEER_CONTROL_TOKEN");
    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    static boolean isThere() {
        return WHERE != null && TOKEN != null;
    }

    static String encode(String part) {
        return URLEncoder.encode(part, StandardCharsets.UTF_8).replace("+", "%20");
    }

    /** The answer; what ghostpeer refuses is thrown with its reason. */
    String ask(String method, String path, String body) {
        HttpRequest request = HttpRequest.newBuilder(URI.create(WHERE + path))
                .header("Authorization", "Bearer " + TOKEN)
                .method(method, body == null ? HttpRequest.BodyPublishers.noBody()
                                             : HttpRequest.BodyPublishers.ofString(body))
                .build();
        try {
            HttpResponse<String> response =
                    client.send(request, HttpResponse.BodyHandlers.ofString());
            if (response.statusCode() >= 400) {
                String why = text(response.body(), "error");
                String more = text(response.body(), "diagnostics");
                throw new IllegalStateException("ghostpeer: " + why + (more.isEmpty() ? "" : "\n" + more));
            }
            return response.body();
        } catch (IOException problem) {
            throw new IllegalStateException("ghostpeer does not answer at " + WHERE, problem);
        } catch (InterruptedException problem) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(problem);
        }
    }

    /** The text of the first member of that name; empty: there is none. */
    static String text(String json, String name) {
        Matcher found = Pattern.compile("\"" + name + "\":\"((?:[^\"\\\\]|\\\\.)*)\"").matcher(json);
        return found.find() ? unescaped(found.group(1)) : "";
    }

    private static String unescaped(String text) {
        StringBuilder plain = new StringBuilder();
        for (int i = 0; i < text.length(); ++i) {
            char c = text.charAt(i);
            if (c != '\\') {
                plain.append(c);
                continue;
            }
            char escape = text.charAt(++i);
            switch (escape) {
                case 'n': plain.append('\n'); break;
                case 't': plain.append('\t'); break;
                case 'r': plain.append('\r'); break;
                case 'b': plain.append('\b'); break;
                case 'f': plain.append('\f'); break;
                case 'u':
                    plain.append((char) Integer.parseInt(text.substring(i + 1, i + 5), 16));
                    i += 4;
                    break;
                default: plain.append(escape);
            }
        }
        return plain.toString();
    }

    /** As JSON. */
    static String quoted(String text) {
        StringBuilder json = new StringBuilder("\"");
        for (int i = 0; i < text.length(); ++i) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') {
                json.append('\\').append(c);
            } else if (c < 0x20) {
                json.append(String.format("\\u%04x", (int) c));
            } else {
                json.append(c);
            }
        }
        return json.append('"').toString();
    }
}
