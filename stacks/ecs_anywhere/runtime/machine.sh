#!/bin/sh
# Registers this machine with an ECS cluster as an external instance (ECS Anywhere), and deregisters it. Run it as root.
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-anywhere-registration.html
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-anywhere-deregistration.html
set -eu

usage='machine.sh register REGION CLUSTER ACTIVATION_ID ACTIVATION_CODE
       Installs Docker, the SSM agent and the ECS agent, and registers this machine. It needs no AWS credentials.
       "aws ssm create-activation" returns the id and the code.
machine.sh register REGION CLUSTER ROLE
       Does the same and creates the activation for ROLE. It needs the AWS CLI, and credentials in the environment.
machine.sh deregister REGION CLUSTER [--force]
       Drains this machine, deregisters it from the cluster and from Systems Manager, and purges it. It needs the AWS
       CLI and credentials. With --force, tasks that still run stop with their machine.
machine.sh purge
       Stops both agents of a deregistered machine, and removes them with their files.'

installer=https://amazon-ecs-agent.s3.amazonaws.com/ecs-anywhere-install-latest.sh
signing_key=https://raw.githubusercontent.com/aws/amazon-ecs-agent/master/scripts/amazon-ecs-agent.gpg
# Fingerprint of the key of Amazon ECS, from the first page above. The downloaded key must have it.
fingerprint=F34C3DDAE72926B079BEAEC6BCE9D9A42D51784F

root=${DESTDIR-} # another root folder, for a trial
config=$root/etc/ecs/ecs.config
drain_seconds=${DRAIN_SECONDS-300}

fail() {
    echo "machine.sh: $*" >&2
    exit 1
}

needs() {
    for tool in "$@"; do
        command -v "$tool" >/dev/null 2>&1 || fail "$tool is not installed on this machine; nothing was changed"
    done
}

as_root() {
    [ "$(id -u)" = 0 ] || fail "run this as root, for instance by sudo; nothing was changed"
}

# The message includes the standard error of the command.
aws_or_fail() { # what failed, then the command
    what=$1
    shift
    aws "$@" --region "$region" --output text 2>"$tmp/aws.err" ||
        fail "$what: $(tr '\n' ' ' <"$tmp/aws.err")"
}

check_region() {
    case $1 in
    cn-*) fail "ECS Anywhere is not offered in the Regions of China, such as $1" ;;
    [a-z][a-z]*-[a-z]*-[0-9] | [a-z][a-z]*-[a-z]*-[0-9][0-9]) ;;
    *) fail "$1 is not an AWS Region such as eu-west-1" ;;
    esac
}

check_cluster() {
    status=$(aws_or_fail "the cluster $cluster cannot be looked up in $region" \
        ecs describe-clusters --clusters "$cluster" --query 'clusters[0].status') || exit 1
    [ "$status" = ACTIVE ] ||
        fail "there is no active cluster $cluster in $region: see the stack's outputs for both; nothing was changed"
}

download() {
    curl --proto =https --tlsv1.2 -fsS -o "$2" "$1" 2>"$tmp/curl.err" ||
        fail "cannot download $1: $(tr '\n' ' ' <"$tmp/curl.err")"
}

verify() {
    mkdir -m 700 "$tmp/gnupg"
    gpg --homedir "$tmp/gnupg" --no-autostart --batch --quiet --import "$tmp/key" 2>/dev/null ||
        fail "the key of Amazon ECS cannot be read; nothing was changed"
    said=$(gpg --homedir "$tmp/gnupg" --no-autostart --batch --status-fd 1 \
        --verify "$tmp/install.sh.asc" "$tmp/install.sh" 2>/dev/null) || said=
    if ! printf '%s\n' "$said" | grep -q '^\[GNUPG:\] GOODSIG ' ||
        ! printf '%s\n' "$said" | grep -q "^\[GNUPG:\] VALIDSIG .*$fingerprint\$"; then
        fail "the installer is not signed by Amazon ECS ($fingerprint); nothing was changed"
    fi
}

register() {
    region=$1 cluster=$2
    as_root
    check_region "$region"
    needs bash curl gpg
    if [ $# -eq 3 ]; then
        needs aws
    fi
    [ -d "$root/run/systemd/system" ] || fail "this machine does not run systemd, which the agents need"
    if [ -f "$config" ] && grep -q '^ECS_CLUSTER=' "$config"; then
        fail "this machine is registered already ($(grep '^ECS_CLUSTER=' "$config" | tail -n 1)): deregister it first"
    fi
    if [ $# -eq 3 ]; then
        check_cluster
    fi
    download "$installer" "$tmp/install.sh"
    download "$installer.asc" "$tmp/install.sh.asc"
    download "$signing_key" "$tmp/key"
    verify

    made=
    if [ $# -eq 3 ]; then
        activation=$(aws_or_fail "no activation for the role $3" ssm create-activation --iam-role "$3" \
            --registration-limit 1 --description "ECS Anywhere: $cluster" \
            --query '[ActivationId,ActivationCode]') || exit 1
        # shellcheck disable=SC2086 # an id and a code, without spaces
        set -- "$region" "$cluster" $activation
        [ $# -eq 4 ] || fail "no activation for the role: AWS answered \"$activation\""
        made=$3
    fi

    # The packages for most distributions leave it to the machine's role to write logs; a task's execution role has to.
    mkdir -p "${config%/*}"
    [ ! -f "$config" ] || cp -p "$config" "$tmp/ecs.config"
    echo ECS_ENABLE_AWSLOGS_EXECUTIONROLE_OVERRIDE=true >>"$config"
    # Where there is a Docker, the installer leaves it alone; on RHEL it insists that there is one.
    docker=all
    if command -v docker >/dev/null 2>&1; then docker=none; fi
    if ! bash "$tmp/install.sh" --docker-install-source "$docker" --region "$region" --cluster "$cluster" \
        --activation-id "$3" --activation-code "$4"; then
        if [ -f "$tmp/ecs.config" ]; then cp -p "$tmp/ecs.config" "$config"; else rm -f "$config"; fi
        [ -z "$made" ] || aws ssm delete-activation --region "$region" --activation-id "$made" >/dev/null 2>&1 || :
        fail "the installer failed, see above; \"machine.sh purge\" removes what it has installed"
    fi
    echo "This machine is registered with the cluster $cluster in $region."
}

deregister() {
    region=$1 cluster=$2 force=${3-}
    as_root
    check_region "$region"
    needs aws curl systemctl
    find_package_manager
    [ -z "$force" ] || [ "$force" = --force ] || fail "$force is no option; there is --force"
    check_cluster

    # The agent says which container instance this is, the SSM agent which managed instance.
    instance=$(curl -fsS --max-time 10 http://localhost:51678/v1/metadata 2>/dev/null |
        sed -n 's/.*"ContainerInstanceArn" *: *"\([^"]*\)".*/\1/p') || instance=
    [ -n "$instance" ] || fail "the ECS agent of this machine does not answer; nothing was changed"
    managed=$(sed -n 's/.*"instanceID" *: *"\(mi-[^"]*\)".*/\1/p' \
        "$root/var/lib/amazon/ssm/Vault/Store/RegistrationKey" 2>/dev/null) || managed=
    [ -n "$managed" ] || fail "this machine is not registered with Systems Manager; nothing was changed"

    drained=$(aws_or_fail "the tasks cannot be moved away" ecs update-container-instances-state \
        --cluster "$cluster" --container-instances "$instance" --status DRAINING \
        --query 'containerInstances[0].status') || exit 1
    [ "$drained" = DRAINING ] || fail "the tasks cannot be moved away: $cluster does not know this machine, $instance"
    draining=$instance
    waited=0
    while [ -z "$force" ]; do
        tasks=$(aws_or_fail "the tasks cannot be counted" ecs describe-container-instances --cluster "$cluster" \
            --container-instances "$instance" --query 'containerInstances[0].runningTasksCount') || exit 1
        [ "$tasks" != 0 ] || break
        [ "$waited" -lt "$drain_seconds" ] ||
            fail "$tasks tasks still run here after $waited seconds, and no other machine takes them: lower" \
                "desired_count, add a machine, or use --force; this machine takes tasks as before"
        sleep 5
        waited=$((waited + 5))
    done
    aws_or_fail "this machine stays in the cluster" ecs deregister-container-instance --cluster "$cluster" \
        --container-instance "$instance" --force >/dev/null
    draining=
    aws_or_fail "out of the cluster, but still in Systems Manager; deregister $managed there, then purge" \
        ssm deregister-managed-instance --instance-id "$managed" >/dev/null
    purge
    echo "This machine has left the cluster $cluster in $region."
}

# Sets packages.
find_package_manager() {
    for packages in apt-get dnf yum zypper; do
        if command -v "$packages" >/dev/null 2>&1; then return; fi
    done
    fail "there is no apt-get, dnf, yum or zypper here to remove the agents with; nothing was changed"
}

purge() {
    as_root
    needs systemctl
    find_package_manager
    systemctl stop ecs amazon-ssm-agent 2>/dev/null || :
    # Without an agent, these containers would keep running.
    if command -v docker >/dev/null 2>&1; then
        containers=$(docker ps --quiet --filter label=com.amazonaws.ecs.task-arn 2>/dev/null) || containers=
        # shellcheck disable=SC2086 # one id a line
        [ -z "$containers" ] || docker stop $containers >/dev/null || :
    fi
    set -- amazon-ecs-init amazon-ssm-agent
    case $packages in
    apt-get) set -- apt-get purge -y "$@" ;;
    *) set -- "$packages" remove -y "$@" ;;
    esac
    "$@" >"$tmp/packages.log" 2>&1 || fail "$1 cannot remove the agents: $(tail -n 1 "$tmp/packages.log")"
    rm -rf "$root/var/lib/ecs" "$root/etc/ecs" "$root/var/lib/amazon/ssm" "$root/var/log/ecs" "$root/var/log/amazon/ssm"
}

draining=
leave() {
    # Nothing stays half done: a machine that is not deregistered takes tasks again.
    [ -z "$draining" ] || aws ecs update-container-instances-state --region "$region" --cluster "$cluster" \
        --container-instances "$draining" --status ACTIVE >/dev/null 2>&1 || :
    rm -rf "$tmp"
}

tmp=$(mktemp -d)
trap leave EXIT
trap 'exit 1' HUP INT TERM
case ${1-}:$# in
register:4 | register:5 | deregister:3 | deregister:4 | purge:1) "$@" ;;
*)
    echo "$usage" >&2
    exit 1
    ;;
esac
