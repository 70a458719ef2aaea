// SPDX-License-Identifier: Apache-2.0

// The AWS SDK for Go, version 2, walks the whole life of a load balancer.
//
// Usage: aws_client ENDPOINT HTTP_PORT TARGET_ADDRESS TARGET_PORT, with KEY and SECRET in the
// environment. Prints a JSON object: the name of each case → "ok" or what went wrong.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"reflect"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/smithy-go"
)

var (
	ctx                                   = context.Background()
	endpoint, httpPort, address, portText = os.Args[1], os.Args[2], os.Args[3], os.Args[4]
	elbv2                                 = newClient(os.Getenv("SECRET"))
	balancerArn, groupArn, listenerArn    string
	ruleArn                               string
)

func newClient(secret string) *elb.Client {
	return elb.New(elb.Options{
		Region:           "us-east-1",
		Credentials:      credentials.NewStaticCredentialsProvider(os.Getenv("KEY"), secret, ""),
		EndpointResolver: elb.EndpointResolverFromURL(endpoint),
		Retryer:          aws.NopRetryer{},
	})
}

func number(text string) *int32 {
	value, err := strconv.Atoi(text)
	check(err)
	return aws.Int32(int32(value))
}

// A case ends where one of these does not hold; its run tells what was wrong.
func check(err error) {
	if err != nil {
		panic(err)
	}
}

func equal(found, expected interface{}) {
	if !reflect.DeepEqual(found, expected) {
		panic(fmt.Sprintf("%v instead of %v", found, expected))
	}
}

func status(path string) int {
	client := http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	answer, err := client.Get("http://127.0.0.1:" + httpPort + path)
	check(err)
	defer answer.Body.Close()
	return answer.StatusCode
}

func forward() []types.Action {
	return []types.Action{{Type: types.ActionTypeEnumForward, TargetGroupArn: &groupArn}}
}

func whatIsNotThere() {
	_, err := elbv2.DescribeLoadBalancers(ctx, &elb.DescribeLoadBalancersInput{Names: []string{"web"}})
	var missing *types.LoadBalancerNotFoundException
	equal(errors.As(err, &missing), true)
}

func wrongSecret() {
	_, err := newClient("wrong").DescribeLoadBalancers(ctx, nil)
	var refused smithy.APIError
	equal(errors.As(err, &refused), true)
	equal(refused.ErrorCode(), "SignatureDoesNotMatch")
}

func loadBalancer() {
	tags := []types.Tag{{Key: aws.String("team"), Value: aws.String("wäb & <co>")}}
	made, err := elbv2.CreateLoadBalancer(ctx, &elb.CreateLoadBalancerInput{
		Name: aws.String("web"), Tags: tags})
	check(err)
	balancerArn = *made.LoadBalancers[0].LoadBalancerArn
	asked := &elb.DescribeLoadBalancersInput{Names: []string{"web"}}
	check(elb.NewLoadBalancerExistsWaiter(elbv2).Wait(ctx, asked, 20*time.Second))
	check(elb.NewLoadBalancerAvailableWaiter(elbv2).Wait(ctx, asked, 20*time.Second))
	there, err := elbv2.DescribeLoadBalancers(ctx, asked)
	check(err)
	found := there.LoadBalancers[0]
	equal(*found.LoadBalancerArn, balancerArn)
	equal(found.State.Code, types.LoadBalancerStateEnumActive)
	equal(found.Scheme, types.LoadBalancerSchemeEnumInternetFacing)
	equal(time.Since(*found.CreatedTime) < time.Minute, true)
	described, err := elbv2.DescribeTags(ctx, &elb.DescribeTagsInput{
		ResourceArns: []string{balancerArn}})
	check(err)
	equal(described.TagDescriptions[0].Tags, tags)
}

func targetsServe() {
	made, err := elbv2.CreateTargetGroup(ctx, &elb.CreateTargetGroupInput{
		Name: aws.String("group"), Protocol: types.ProtocolEnumHttp, Port: aws.Int32(80),
		TargetType: types.TargetTypeEnumIp, HealthCheckPath: aws.String("/health")})
	check(err)
	groupArn = *made.TargetGroups[0].TargetGroupArn
	_, err = elbv2.ModifyTargetGroupAttributes(ctx, &elb.ModifyTargetGroupAttributesInput{
		TargetGroupArn: &groupArn, Attributes: []types.TargetGroupAttribute{{
			Key: aws.String("deregistration_delay.timeout_seconds"), Value: aws.String("1")}}})
	check(err)
	_, err = elbv2.RegisterTargets(ctx, &elb.RegisterTargetsInput{
		TargetGroupArn: &groupArn, Targets: target()})
	check(err)
	listener, err := elbv2.CreateListener(ctx, &elb.CreateListenerInput{
		LoadBalancerArn: &balancerArn, Protocol: types.ProtocolEnumHttp, Port: number(httpPort),
		DefaultActions: forward()})
	check(err)
	listenerArn = *listener.Listeners[0].ListenerArn
	check(elb.NewTargetInServiceWaiter(elbv2, func(options *elb.TargetInServiceWaiterOptions) {
		options.MinDelay, options.MaxDelay = time.Second, 2*time.Second
	}).Wait(ctx, &elb.DescribeTargetHealthInput{TargetGroupArn: &groupArn}, 30*time.Second))
	equal(status("/"), 200)
}

func target() []types.TargetDescription {
	return []types.TargetDescription{{Id: &address, Port: number(portText)}}
}

func rules() {
	conditions := []types.RuleCondition{
		{Field: aws.String("path-pattern"),
			PathPatternConfig: &types.PathPatternConditionConfig{Values: []string{"/b/*", "/a"}}},
		{Field: aws.String("query-string"),
			QueryStringConfig: &types.QueryStringConditionConfig{
				Values: []types.QueryStringKeyValuePair{
					{Key: aws.String("v"), Value: aws.String("&<2>")}, {Value: aws.String("x")}}}}}
	made, err := elbv2.CreateRule(ctx, &elb.CreateRuleInput{
		ListenerArn: &listenerArn, Priority: aws.Int32(5), Conditions: conditions,
		Actions: []types.Action{{Type: types.ActionTypeEnumRedirect,
			RedirectConfig: &types.RedirectActionConfig{
				Host: aws.String("x.example.com"), StatusCode: types.RedirectActionStatusCodeEnumHttp302}}}})
	check(err)
	ruleArn = *made.Rules[0].RuleArn
	there, err := elbv2.DescribeRules(ctx, &elb.DescribeRulesInput{ListenerArn: &listenerArn})
	check(err)
	equal(len(there.Rules), 2)
	equal(*there.Rules[0].Priority, "5")
	equal(there.Rules[1].IsDefault, true)
	for number, condition := range there.Rules[0].Conditions {
		equal(*condition.Field, *conditions[number].Field)
		equal(condition.PathPatternConfig, conditions[number].PathPatternConfig)
		equal(condition.QueryStringConfig, conditions[number].QueryStringConfig)
	}
	equal(*there.Rules[0].Actions[0].RedirectConfig.Path, "/#{path}")
	equal(status("/a?k=x"), 302)
	equal(status("/a"), 200)
	_, err = elbv2.ModifyRule(ctx, &elb.ModifyRuleInput{RuleArn: &ruleArn, Actions: forward()})
	check(err)
	equal(status("/a?k=x"), 200)
}

func targetDrains() {
	_, err := elbv2.DeregisterTargets(ctx, &elb.DeregisterTargetsInput{
		TargetGroupArn: &groupArn, Targets: target()})
	check(err)
	asked := &elb.DescribeTargetHealthInput{TargetGroupArn: &groupArn, Targets: target()}
	there, err := elbv2.DescribeTargetHealth(ctx, asked)
	check(err)
	equal(there.TargetHealthDescriptions[0].TargetHealth.State, types.TargetHealthStateEnumDraining)
	check(elb.NewTargetDeregisteredWaiter(elbv2, func(options *elb.TargetDeregisteredWaiterOptions) {
		options.MinDelay, options.MaxDelay = time.Second, 2*time.Second
	}).Wait(ctx, asked, 20*time.Second))
}

func allGoesAgain() {
	_, err := elbv2.DeleteTargetGroup(ctx, &elb.DeleteTargetGroupInput{TargetGroupArn: &groupArn})
	var used *types.ResourceInUseException
	equal(errors.As(err, &used), true)
	_, err = elbv2.DeleteRule(ctx, &elb.DeleteRuleInput{RuleArn: &ruleArn})
	check(err)
	_, err = elbv2.DeleteListener(ctx, &elb.DeleteListenerInput{ListenerArn: &listenerArn})
	check(err)
	_, err = elbv2.DeleteLoadBalancer(ctx, &elb.DeleteLoadBalancerInput{LoadBalancerArn: &balancerArn})
	check(err)
	check(elb.NewLoadBalancersDeletedWaiter(elbv2).Wait(ctx, &elb.DescribeLoadBalancersInput{
		LoadBalancerArns: []string{balancerArn}}, 20*time.Second))
	_, err = elbv2.DeleteTargetGroup(ctx, &elb.DeleteTargetGroupInput{TargetGroupArn: &groupArn})
	check(err)
	left, err := elbv2.DescribeTargetGroups(ctx, nil)
	check(err)
	equal(len(left.TargetGroups), 0)
}

func outcome(run func()) (text string) {
	defer func() {
		if problem := recover(); problem != nil {
			text = fmt.Sprint(problem)
		}
	}()
	run()
	return "ok"
}

func main() {
	results := map[string]string{}
	for _, each := range []struct {
		name string
		run  func()
	}{
		{"what is not there is an error of its type", whatIsNotThere},
		{"a wrong secret is refused", wrongSecret},
		{"a load balancer becomes available", loadBalancer},
		{"targets serve", targetsServe},
		{"rules come back as they were written", rules},
		{"a target drains", targetDrains},
		{"all goes again", allGoesAgain},
	} {
		results[each.name] = outcome(each.run)
	}
	check(json.NewEncoder(os.Stdout).Encode(results))
}
