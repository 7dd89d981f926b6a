# Serves a page that says which task answers. Runs with busybox only.
# $1: folder to write to, $2: port to listen on, $3: title, $4: HTML of the page.
# The task metadata endpoint (ECS_CONTAINER_METADATA_URI_V4) identifies the task:
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4-examples.html
set -eu

metadata=$(wget -q -O - "$ECS_CONTAINER_METADATA_URI_V4/task")
field() {
    printf '%s' "$metadata" | tr -d '\n' | sed -n "s/.*\"$1\" *: *\"\([^\"]*\)\".*/\1/p"
}
task=$(field TaskARN)
zone=$(field AvailabilityZone)
if [ -z "$task" ] || [ -z "$zone" ]; then
    echo "web: the task metadata has no TaskARN or no AvailabilityZone: $metadata" >&2
    exit 1
fi

cat >"$1/index.html" <<END
<!doctype html><meta charset="utf-8"><title>$3</title>
<h1>Task ${task##*/} in $zone</h1>
<p>$4</p>
END
exec httpd -f -p "$2" -h "$1"
