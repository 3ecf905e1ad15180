#!/usr/bin/env bash
# Deploys to LocalStack, loads, overwrites, updates and removes; its commands are those of deploy.md,
# "Try it on LocalStack". Not run by the build: it takes ten minutes, and 700 MB from PyPI and npm.
#
# Run it in the project's folder, with Python 3.13 or later, Node 22 or later, psql, curl and AWS CLI
# 2.13 or later, and a Postgres in PGHOST, PGPORT, PGUSER, PGDATABASE and PGPASSWORD, where it makes a table.
set -euo pipefail
cd "$(dirname "$0")/../../../.."

stop() {
  kill "$(jobs -p)" || true
  psql -c 'DROP TABLE IF EXISTS people_of_localstack, s3_load_history'
}
trap stop EXIT

# Waits until the table's ids are those.
has() {
  for _ in $(seq 60); do
    [ "$(psql -Atc 'SELECT string_agg(id::text, $$ $$ ORDER BY id) FROM people_of_localstack')" = "$*" ] && return
    sleep 1
  done
  psql -c 'SELECT status, error_message FROM s3_load_history'
  exit 1
}

./mvnw -DskipTests package
python3 -m venv target/localstack
. target/localstack/bin/activate
pip download --no-deps --no-binary localstack-core --dest target localstack-core==4.14.0
tar -xzf target/localstack_core-4.14.0.tar.gz -C target
pip install -r target/localstack_core-4.14.0/requirements-runtime.txt target/localstack_core-4.14.0.tar.gz
python src/test/resources/localstack/start.py &

export AWS_ENDPOINT_URL=http://127.0.0.1:4566 AWS_DEFAULT_REGION=eu-west-2
export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test
curl -fsS --retry 60 --retry-delay 2 --retry-connrefused "$AWS_ENDPOINT_URL/_localstack/health"
aws s3 mb s3://example-uploads
aws ssm put-parameter --name /people-loader/local/db-password --type SecureString --value "$PGPASSWORD"

export S3_BUCKET_NAME=example-uploads IMPORT_WITH=copy DB_TABLE_NAME=people_of_localstack
export DB_HOST="$PGHOST" DB_PORT="$PGPORT" DB_DATABASE="$PGDATABASE" DB_USERNAME="$PGUSER" DB_SSL_MODE=disable
export DB_PASSWORD_PARAMETER=/people-loader/local/db-password
SUBNET_IDS=$(aws ec2 describe-subnets --query 'Subnets[0].SubnetId' --output text)
SECURITY_GROUP_IDS=$(aws ec2 describe-security-groups --query 'SecurityGroups[0].GroupId' --output text)
export SUBNET_IDS SECURITY_GROUP_IDS
npx osls@4.3.1 deploy --stage local
aws s3api put-bucket-notification-configuration --bucket example-uploads --notification-configuration '{
  "LambdaFunctionConfigurations": [{
    "LambdaFunctionArn": "arn:aws:lambda:eu-west-2:000000000000:function:s3-csv-to-postgres-local-load",
    "Events": ["s3:ObjectCreated:*"],
    "Filter": {"Key": {"FilterRules": [{"Name": "suffix", "Value": ".csv"}]}}
  }]}'

psql -c 'CREATE TABLE people_of_localstack (id int PRIMARY KEY, name text)'
printf 'id,name\n1,Ada\n2,Bo\n' | aws s3 cp - s3://example-uploads/people.csv
has 1 2
printf 'id,name\n3,Cy\n' | aws s3 cp - s3://example-uploads/people.csv
has 3
npx osls@4.3.1 invoke -f check --stage local
aws logs filter-log-events --log-group-name /aws/lambda/s3-csv-to-postgres-local-load --query 'events[].message'

LOAD_MODE=upsert npx osls@4.3.1 deploy --stage local
printf 'id,name\n4,Di\n' | aws s3 cp - s3://example-uploads/people.csv
has 3 4

BUCKET=$(aws cloudformation describe-stack-resource --stack-name s3-csv-to-postgres-local --logical-resource-id ServerlessDeploymentBucket \
  --query StackResourceDetail.PhysicalResourceId --output text)
aws s3 rm --recursive --quiet "s3://$BUCKET"
aws cloudformation delete-stack --stack-name s3-csv-to-postgres-local
aws cloudformation wait stack-delete-complete --stack-name s3-csv-to-postgres-local
[ "$(aws lambda list-functions --query 'length(Functions)')" = 0 ]
