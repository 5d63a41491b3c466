# SPDX-License-Identifier: Apache-2.0
#
# Tells MinIO to send a record to a Kafka topic for each change in a bucket. Needs mc; can run again
# and again. Everything it needs is in the environment.
set -eu

arn="arn:minio:sqs::${NOTIFY_TARGET}:kafka"

target_is_live() {
  case "$(mc admin info --json store || true)" in
    *"\"${arn}\""*) return 0 ;;
  esac
  return 1
}

# Whether MinIO has the target with these brokers and this topic, and did not turn it off.
target_is_set() {
  config=" $(mc admin config get store "notify_kafka:${NOTIFY_TARGET}" || true) "
  case "$config" in *" enable=off "*) return 1 ;; esac
  case "$config" in *" topic=${NOTIFY_TOPIC} "*) ;; *) return 1 ;; esac
  case "$config" in *" brokers=${NOTIFY_BROKERS} "*) ;; *) return 1 ;; esac
}

# Through standard input, so that no key is in the list of processes.
printf '%s\n%s\n' "$MINIO_ACCESS_KEY" "$MINIO_SECRET_KEY" |
  mc alias set store "$MINIO_ENDPOINT" --api S3v4 > /dev/null
mc ready store

restart=no
if ! target_is_set; then
  mc admin config set store "notify_kafka:${NOTIFY_TARGET}" \
    "brokers=${NOTIFY_BROKERS}" "topic=${NOTIFY_TOPIC}" enable=on
  restart=yes
elif ! target_is_live; then
  restart=yes
fi
if [ "$restart" = yes ]; then
  mc admin service restart --json store
  tries=30
  until target_is_live; do
    tries=$((tries - 1))
    if [ "$tries" -eq 0 ]; then
      echo "MinIO does not reach Kafka at ${NOTIFY_BROKERS}, or did not restart" >&2
      exit 1
    fi
    sleep 2
  done
fi

mc mb --ignore-existing "store/${NOTIFY_BUCKET}"

add_event() {
  mc event add "store/${NOTIFY_BUCKET}" "$arn" --ignore-existing \
    --event "$NOTIFY_EVENTS" --prefix "$NOTIFY_PREFIX" --suffix "$1"
}

if [ -z "$NOTIFY_SUFFIX" ]; then
  add_event ""
fi
set -f
IFS=,
for suffix in $NOTIFY_SUFFIX; do
  add_event "$suffix"
done
echo "uploads to ${NOTIFY_BUCKET} are told to ${NOTIFY_TOPIC}"
