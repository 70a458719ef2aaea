#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Collects what `daruma import` reads: all load balancers of an AWS account in one region, with all
# that hangs on them. Only reads. Needs the AWS CLI and credentials that may describe.
#
# Usage: describe-aws.sh DIRECTORY
set -euo pipefail
mkdir -p "$1"
cd "$1"

describe() { # FILE SERVICE OPERATION…
  local file=$1
  shift
  aws --output json "$@" >"$file.json" || { rm -f "$file.json"; return 1; }
}
arns() { # QUERY OPERATION…
  local query=$1
  shift
  aws --output text elbv2 "$@" --query "$query" | tr '\t' '\n' | grep '^arn:' || true
}

describe load-balancers elbv2 describe-load-balancers
describe target-groups elbv2 describe-target-groups
describe certificates acm list-certificates
describe instances ec2 describe-instances

# What an answer does not say whose it is, the file's name does.
arns "LoadBalancers[?Type=='application'].LoadBalancerArn" describe-load-balancers |
  while read -r balancer; do
    id=${balancer##*/}
    describe "attributes-$id" elbv2 describe-load-balancer-attributes \
      --load-balancer-arn "$balancer"
    describe "listeners-$id" elbv2 describe-listeners --load-balancer-arn "$balancer"
    arns 'Listeners[].ListenerArn' describe-listeners --load-balancer-arn "$balancer" |
      while read -r listener; do
        id=${listener##*/}
        describe "rules-$id" elbv2 describe-rules --listener-arn "$listener"
        describe "certificates-$id" elbv2 describe-listener-certificates --listener-arn "$listener"
        describe "attributes-$id" elbv2 describe-listener-attributes --listener-arn "$listener" ||
          echo "attributes of $listener are not collected; a newer AWS CLI knows them" >&2
      done
  done
arns 'TargetGroups[].TargetGroupArn' describe-target-groups | while read -r group; do
  id=${group##*/}
  describe "attributes-$id" elbv2 describe-target-group-attributes --target-group-arn "$group"
  describe "health-$id" elbv2 describe-target-health --target-group-arn "$group"
done
