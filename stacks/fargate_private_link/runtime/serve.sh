# Serves a page that says which task answers. Runs with busybox only.
# $1: a folder to write to, $2: the port to listen on.
set -eu
echo "Hello from task $(hostname), by way of its endpoint or its load balancer." >"$1/index.html"
# As the process that hears of it when the task has to stop.
exec httpd -f -p "$2" -h "$1"
