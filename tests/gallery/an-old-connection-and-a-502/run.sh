# As many requests as arguments, each GET or POST.
nginx -p "$PWD" -c nginx.conf -g 'daemon off;' 2>log &
until curl -sS -o /dev/null "http://127.0.0.1:8081/" 2>/dev/null; do sleep 0.1; done
for method; do
    case $method in
        POST) body="-d one" ;;
        *) body= ;;
    esac
    curl -sS -o /dev/null -w "$method %{http_code}\n" $body http://127.0.0.1:8081/
done
kill $!
wait
cat log
