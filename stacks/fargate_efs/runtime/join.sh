# Adds this task's line to the page that all tasks share. Runs in an init container, with busybox only.
# $1: shared folder. The task metadata endpoint (ECS_CONTAINER_METADATA_URI_V4) identifies the task:
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4-fargate.html
set -eu
cd "$1"

metadata=$(wget -q -O - "$ECS_CONTAINER_METADATA_URI_V4/task")
field() {
    printf '%s' "$metadata" | tr -d '\n' | sed -n "s/.*\"$1\" *: *\"\([^\"]*\)\".*/\1/p"
}
task=$(field TaskARN)
zone=$(field AvailabilityZone)
if [ -z "$task" ] || [ -z "$zone" ]; then
    echo "join: the task metadata has no TaskARN or no AvailabilityZone: $metadata" >&2
    exit 1
fi

# EFS holds NFS locks across AZs, so tasks that start together take turns.
exec 9>.lock
flock 9
echo "<li>$(date -u +%Y-%m-%dT%H:%M:%SZ) task ${task##*/} in $zone</li>" >>.lines
tail -n 100 .lines >.lines.new
mv .lines.new .lines
{
    echo '<!doctype html><meta charset="utf-8"><title>Fargate with EFS</title>'
    echo '<h1>Tasks that share this file system</h1><p>The last 100 starts, newest last.</p><ol>'
    cat .lines
    echo '</ol>'
} >index.html.new
# A rename is atomic: a reader sees the old page or the new one.
mv index.html.new index.html
