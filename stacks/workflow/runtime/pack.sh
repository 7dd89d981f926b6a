# Packs the order ORDER_ID, and ships it. Every progress is a heartbeat of the workflow, which stops this task and starts
# another one if there is none for HeartbeatSeconds. A task that may not go on, because the workflow did so without it, ends
# at its next heartbeat.
set -eu

beat() { aws stepfunctions send-task-heartbeat --task-token "$TASK_TOKEN"; }

beat
document="$HOME/order.json"
aws s3api get-object --bucket "$BUCKET_NAME" --key "$DOCUMENT_KEY" --version-id "$DOCUMENT_VERSION" "$document" >/dev/null
parcel=$(sha256sum "$document" | cut -c 1-64)
beat

# The entry is written once. A shipment that was recalled is not shipped again, so this task fails.
aws dynamodb update-item --table-name "$TABLE_NAME" \
    --key "{\"pk\": {\"S\": \"SHIPMENT#$ORDER_ID\"}, \"sk\": {\"S\": \"ENTRY\"}}" \
    --update-expression 'SET #state = :shipped, parcel = :parcel, written_at = if_not_exists(written_at, :now)' \
    --condition-expression 'attribute_not_exists(#state) OR #state = :shipped' \
    --expression-attribute-names '{"#state": "state"}' \
    --expression-attribute-values \
    "{\":shipped\": {\"S\": \"shipped\"}, \":parcel\": {\"S\": \"$parcel\"}, \":now\": {\"N\": \"$(date +%s)\"}}"
echo "pack: shipped $ORDER_ID"
