# Does a web server answer on port 80 of this network namespace?
if ! netstat -tln 2>/dev/null | grep -q ':80 '; then
  echo "Nothing listens on port 80 of this container."
  exit 1
fi
page=$(timeout 2 wget -q -O - http://127.0.0.1/ 2>/dev/null)
if [ -z "$page" ]; then
  echo "Something listens on port 80, but there is no page at http://127.0.0.1/. Is the server's directory /srv/www, and is index.html in it?"
  exit 1
fi
echo "Port 80 answers. The interfaces of this namespace: $(cut -s -d : -f 1 /proc/net/dev | tr -d ' ' | tr '\n' ' ')"
