// The images and tasks of a pretended region, and the calls that ECS has for them.
import crypto from 'node:crypto';
import { checkImport, missing } from './parameters.mjs';
import { Refusal } from './refusal.mjs';

const hex = (bytes) => crypto.randomBytes(bytes).toString('hex');

// What happens unless a test says otherwise (POST /__plan).
const usual = {
  // One for each look at the task; the last one stays.
  task: [{ status: 'Waiting' }, { status: 'Processing', percent: '0%' }, { status: 'Processing', percent: '35%' },
    { status: 'Processing', percent: '70%' }, { status: 'Finished', percent: '100%' }],
  // One for each look at the image after its task has finished; "hidden": not listed.
  image: ['Available'],
  taskHidden: 0, // so many looks until the task is known
  role: true,
  roleCode: 'NoSetRoletoECSServiceAcount',
  cancel: 'true', // SupportCancel
  cancelLooks: 2, // so many until a cancelled task has ended
  cancelStatus: 'Deleted',
  denied: [], // actions
  taskIdName: 'TaskId', // the documents' sample says ImportTaskId
};

export class Cloud {
  // hasObject(bucket, key): whether it is there; undefined: not known, and all are.
  constructor(region, hasObject) {
    Object.assign(this, { region, hasObject, plan: { ...usual }, images: new Map(), tasks: new Map(), tokens: new Map(), imports: 0 });
  }

  setPlan(plan) { this.plan = { ...usual, ...plan }; }

  async call(action, parameters) {
    if (this.plan.denied.includes(action)) {
      throw new Refusal(403, 'Forbidden.RAM', 'User not authorized to operate on the specified resource, or this API doesn\'t support RAM.');
    }
    const does = { ImportImage: 'importImage', DescribeTaskAttribute: 'describeTask', DescribeTasks: 'describeTasks',
      CancelTask: 'cancelTask', DescribeImages: 'describeImages' }[action];
    if (!does) throw new Refusal(404, 'InvalidAction.NotFound', 'Specified api is not found, please check your url and method.');
    if (!parameters.RegionId) throw missing('RegionId');
    if (parameters.RegionId !== this.region) throw new Refusal(400, 'InvalidRegionId.NotFound', 'The specified RegionId does not exist.');
    return this[does](parameters);
  }

  async importImage(parameters) {
    const { ClientToken: token, DryRun: dry, ...rest } = parameters;
    const disks = checkImport(parameters);
    const same = JSON.stringify(Object.entries(rest).sort());
    const earlier = dry !== 'true' && token && this.tokens.get(token);
    if (earlier) {
      if (earlier.same !== same) {
        throw new Refusal(400, 'IdempotentParameterMismatch', 'The request uses the same client token as a previous, but non-identical request.');
      }
      return earlier.reply;
    }
    if (!this.plan.role) {
      throw new Refusal(403, this.plan.roleCode,
        'ECS service account Have no right to access your OSS.please attach a role of access your oss to ECS service account.');
    }
    for (const { OSSBucket, OSSObject } of disks) {
      if (await this.hasObject?.(OSSBucket, OSSObject) === false) {
        throw new Refusal(400, 'InvalidOSSObject.NotFound', 'The specified OSS object does not exist in this region.');
      }
    }
    if (parameters.ImageName && [...this.images.values()].some((image) => image.name === parameters.ImageName && !image.gone)) {
      throw new Refusal(400, 'InvalidImageName.Duplicated', 'The destination image is exist.');
    }
    if (dry === 'true') {
      throw new Refusal(400, 'DryRunOperation', 'Request validation has been passed with DryRun flag set.');
    }
    this.imports += 1;
    const imageId = `m-${hex(10)}`;
    const taskId = `t-${hex(10)}`;
    this.images.set(imageId, { id: imageId, name: parameters.ImageName, task: taskId, looks: 0, disks, parameters: rest,
      snapshots: disks.map(() => `s-${hex(10)}`) });
    this.tasks.set(taskId, { id: taskId, image: imageId, looks: 0, unseen: this.plan.taskHidden, steps: this.plan.task });
    const reply = { ImageId: imageId, RegionId: this.region, [this.plan.taskIdName]: taskId };
    if (token) this.tokens.set(token, { same, reply });
    return reply;
  }

  #task(id) {
    if (!id) throw missing('TaskId');
    const task = this.tasks.get(id);
    if (!task || task.unseen > 0) {
      if (task) task.unseen -= 1;
      throw new Refusal(400, 'InvalidTaskId.NotFound', 'The specified "TaskId" is not found.');
    }
    return task;
  }

  #step(task) {
    if (task.cancelled === undefined) return task.steps[Math.min(task.looks, task.steps.length - 1)];
    return { status: task.looks - task.cancelled >= this.plan.cancelLooks ? this.plan.cancelStatus : 'Processing' };
  }

  describeTask({ TaskId }) {
    const task = this.#task(TaskId);
    const step = this.#step(task);
    task.looks += 1;
    const failed = step.status === 'Failed';
    return { TaskId: task.id, RegionId: this.region, TaskAction: 'IMPORT_IMAGE', TaskStatus: step.status, TaskProcess: step.percent ?? '0%',
      SupportCancel: this.plan.cancel, TotalCount: 1, SuccessCount: step.status === 'Finished' ? 1 : 0, FailedCount: failed ? 1 : 0,
      CreationTime: '2026-01-01T00:00Z', FinishedTime: '',
      OperationProgressSet: { OperationProgress: [{ OperationStatus: failed ? 'Failed' : 'Success', ErrorCode: step.code ?? '',
        ErrorMsg: step.message ?? '', RelatedItemSet: { RelatedItem: [{ Name: 'ImageId', Value: task.image }] } }] } };
  }

  describeTasks({ TaskIds = '' }) {
    const found = TaskIds.split(',').map((id) => this.tasks.get(id)).filter((task) => task && task.unseen === 0);
    return { TotalCount: found.length, PageNumber: 1, PageSize: 10, RegionId: this.region,
      TaskSet: { Task: found.map((task) => ({ TaskId: task.id, TaskAction: 'IMPORT_IMAGE', TaskStatus: this.#step(task).status,
        SupportCancel: this.plan.cancel, CreationTime: '2026-01-01T00:00Z' })) } };
  }

  cancelTask({ TaskId }) {
    const task = this.#task(TaskId);
    if (['Finished', 'Failed', 'Deleted'].includes(this.#step(task).status)) {
      throw new Refusal(403, 'InvalidTaskId.IncorrectTaskStatus', 'The specified task status is invalid.');
    }
    task.cancelled ??= task.looks;
    return {};
  }

  describeImages({ ImageId, Status = 'Available' }) {
    const listed = [];
    for (const image of [...this.images.values()].filter(({ id, gone }) => !gone && (!ImageId || id === ImageId))) {
      const finished = this.#step(this.tasks.get(image.task)).status === 'Finished';
      const status = finished ? this.plan.image[Math.min(image.looks, this.plan.image.length - 1)] : 'Creating';
      if (finished) image.looks += 1;
      if (status === 'hidden' || !Status.split(',').includes(status)) continue;
      listed.push({ ImageId: image.id, ImageName: image.name ?? '', Status: status, Progress: finished ? '100%' : '0%', Size: 8,
        DiskDeviceMappings: { DiskDeviceMapping: image.snapshots.map((snapshot, i) => ({ SnapshotId: snapshot,
          Type: i === 0 ? 'system' : 'data', Device: `/dev/xvd${'abcdefghijklmnopq'[i]}`, Format: image.disks[i].Format })) } });
    }
    return { PageNumber: 1, PageSize: 10, TotalCount: listed.length, RegionId: this.region, Images: { Image: listed } };
  }
}
