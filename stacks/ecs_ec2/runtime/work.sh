# Consumes the queue QUEUE_URL: prints each message, then deletes it. If the task ends before that, SQS delivers the
# message again.
set -eu

# The shell handles the signal between two calls, so within the 10 seconds that a call waits for a message.
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
