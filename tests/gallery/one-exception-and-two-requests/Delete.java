import java.net.HttpURLConnection;
import java.net.URL;

public class Delete {
    public static void main(String[] arguments) throws Exception {
        URL url = new URL("http://198.18.0.2/order/1");
        HttpURLConnection c = (HttpURLConnection) url.openConnection();
        c.setRequestMethod(arguments[0]);
        try {
            System.out.println("answer " + c.getResponseCode());
        } catch (java.io.IOException e) {
            System.out.println(e);
        }
    }
}
