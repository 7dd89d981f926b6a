# Serves a page that says which container answers, and logs each request. Runs in the task, with busybox only.
# $1: port to listen on, $2: folder to write to.
set -eu
echo "<!doctype html><meta charset=\"utf-8\"><title>ECS Anywhere</title><p>Container $(hostname) serves this page.</p>" \
    >"$2/index.html"
echo "serving on port $1"
exec httpd -f -v -p "$1" -h "$2"
