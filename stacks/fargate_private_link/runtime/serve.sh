# Serves a page that says which task answers. Runs with busybox only.
# $1: folder to write to, $2: port to listen on.
set -eu
echo "Hello from task $(hostname), by way of its endpoint or its load balancer." >"$1/index.html"
# exec, so that the web server receives SIGTERM when the task stops.
exec httpd -f -p "$2" -h "$1"
