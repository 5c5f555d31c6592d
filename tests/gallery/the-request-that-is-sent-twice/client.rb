require "httpclient"
client = HTTPClient.new
puts client.get("http://198.18.0.2/").status
begin
  puts client.post("http://198.18.0.2/order", "one").status
rescue StandardError => error
  puts "#{error.class}: #{error.message}"
end
