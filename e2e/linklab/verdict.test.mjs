import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judge, report } from './verdict.mjs';
import { replayEvents } from './tap.mjs';

const recordings = new Map([['mine', { from: 100, to: 200 }], ['theirs', { from: 100, to: 200 }]]);
const visit = { setup: 'session', seen: new Set(['mine']) };
const link = (replayId, tier, signals, primary = true) => ({ replayId, tier, signals, primary });
const outcome = (links, v = visit, at = 150) => judge({ step: 'first', at }, v, recordings, links).outcome;

test('outcomes', () => {
  assert.equal(outcome([link('mine', 1, ['dsc'])]), 'correct');
  assert.equal(outcome([]), 'missed');
  assert.equal(outcome([link('mine', 5, ['same_user'])]), 'missed');
  assert.equal(outcome([link('theirs', 4, ['request_shape'])]), 'wrong');
  assert.equal(outcome([link('theirs', 5, ['same_user'])]), 'missed');
  assert.equal(outcome([link('mine', 1, ['dsc']), link('theirs', 3, ['trace_bridge'], false)]), 'wrong');
  assert.equal(outcome([link('mine', 3, ['trace_bridge'], false)]), 'wrong', 'the link is not the one shown');
  assert.equal(outcome([], { setup: 'session', seen: new Set(['buffered']) }), 'unrecorded');
  assert.equal(outcome([link('buffered', 1, ['dsc'])], { setup: 'session', seen: new Set(['buffered']) }), 'unrecorded');
});

test('what a sampler dropped is neither missed nor in the goal', () => {
  const v = judge({ step: 'first', at: 150, unsent: true }, visit, recordings, []);
  assert.deepEqual([v.outcome, v.goal], ['unsent', false]);
});

test('only errors inside a recording are in the goal', () => {
  const goal = (at, setup = 'session') => judge({ step: 'first', at }, { ...visit, setup }, recordings, []).goal;
  assert.deepEqual([goal(99), goal(100), goal(200), goal(201), goal(150, 'none-anonymous')], [false, true, true, false, false]);
});

test('the goals', () => {
  const rows = (correct, missed, wrong) => [['correct', correct], ['missed', missed], ['wrong', wrong]]
    .flatMap(([o, n]) => Array.from({ length: n }, () => ({ setup: 's', sdk: '11', backend: 'b', step: 'first', outcome: o, goal: true, signals: [] })));
  assert.equal(report(rows(95, 5, 0)).reached, true);
  assert.equal(report(rows(94, 6, 0)).reached, false);
  assert.equal(report(rows(99, 0, 1)).reached, false);
  assert.equal(report([]).reached, false);
});

test('replay events of an envelope', () => {
  const recording = Buffer.from('{"segment_id":0}\n\n\x00x');
  const body = Buffer.concat([Buffer.from('{"event_id":"a"}\n{"type":"replay_event"}\n{"replay_id":"a","timestamp":2}\n'),
    Buffer.from(`{"type":"replay_recording","length":${recording.length}}\n`), recording, Buffer.from('\n{"type":"replay_event"}\n{"replay_id":"b"}')]);
  assert.deepEqual(replayEvents(body).map((e) => e.replay_id), ['a', 'b']);
});
