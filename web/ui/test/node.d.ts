// The little of Node that the tests use, so that the type check needs no package for it.
declare module 'node:test' {
  export function test(name: string, body: () => void | Promise<void>): void;
  export const mock: {
    timers: { enable(options: { apis: string[]; now?: number }): void; tick(ms: number): void; reset(): void };
  };
}

declare module 'node:assert/strict' {
  const assert: {
    equal(actual: unknown, expected: unknown, message?: string): void;
    deepEqual(actual: unknown, expected: unknown, message?: string): void;
    ok(value: unknown, message?: string): void;
    rejects(promise: Promise<unknown>, check?: (e: unknown) => boolean): Promise<void>;
    throws(body: () => void): void;
  };
  export default assert;
}
