# Works off the messages of the queue QUEUE_URL, one after the other: prints each, and deletes it then.
# A message that is not deleted, because the task ends before, comes again.
set -eu

# Heard between two calls, which take no longer than the 10 seconds that one waits for a message.
trap 'echo "work: told to stop"; exit 0' TERM

while true; do
    found=$(aws sqs receive-message --queue-url "$QUEUE_URL" --wait-time-seconds 10 \
        --query 'Messages[0].[ReceiptHandle, Body]' --output text)
    case $found in
    '' | None*) continue ;;
    esac
    receipt=$(printf '%s' "$found" | head -n 1 | cut -f 1)
    echo "work: received: $(printf '%s' "$found" | cut -f 2-)"
    aws sqs delete-message --queue-url "$QUEUE_URL" --receipt-handle "$receipt"
done
