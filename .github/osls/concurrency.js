'use strict';

// A plugin of osls: before a deployment, it asks whether the account has the concurrency that the loads would reserve.
// CloudFormation would find out halfway, and roll back. Lambda keeps 100 unreserved, and new accounts have 10 in all:
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html

const { createRequire } = require('node:module');

const UNRESERVED = 100;

class AccountConcurrency {
  constructor(serverless) {
    this.serverless = serverless;
    this.hooks = { 'before:deploy:deploy': () => this.check() };
  }

  async check() {
    const { functionName, AWS_REGION: region, MAX_CONCURRENT_LOADS: loads } = this.serverless.service.custom;
    if (loads === 'none') return;
    const unreserved = await this.unreservedWithout(functionName);
    if (unreserved - Number(loads) < UNRESERVED) {
      throw new this.serverless.classes.Error(
        `MAX_CONCURRENT_LOADS is ${loads}, which Lambda would reserve from the ${unreserved} concurrent executions that this account ` +
          `has left in ${region}, and of those ${UNRESERVED} must remain. Set MAX_CONCURRENT_LOADS=none, or request more ` +
          '"Concurrent executions" of Lambda in Service Quotas. Nothing was deployed.'
      );
    }
  }

  /** What the account has left, with what the function has reserved already; Infinity where the deployer may not ask. */
  async unreservedWithout(functionName) {
    const { LambdaClient, GetAccountSettingsCommand, GetFunctionConcurrencyCommand } = createRequire(require.main.filename)(
      '@aws-sdk/client-lambda'
    );
    const lambda = new LambdaClient(await this.serverless.getProvider('aws').getAwsSdkV3Config());
    try {
      const { AccountLimit } = await lambda.send(new GetAccountSettingsCommand({}));
      const { ReservedConcurrentExecutions = 0 } = await lambda
        .send(new GetFunctionConcurrencyCommand({ FunctionName: functionName }))
        .catch((error) => (error.name === 'ResourceNotFoundException' ? {} : Promise.reject(error))); // The first deployment.
      return AccountLimit.UnreservedConcurrentExecutions + ReservedConcurrentExecutions;
    } catch {
      return Infinity; // CloudFormation decides.
    }
  }
}

module.exports = AccountConcurrency;
