// SPDX-License-Identifier: Apache-2.0

// Asks when it is wanted, but never twice at a time, and never more often than that.
export class Paced {
  private wanted = false;
  private busy = false;
  private over = false;
  private asked = -Infinity;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly ask: () => Promise<unknown>,
    private readonly least_ms: number,
  ) {}

  want(): void {
    this.wanted = true;
    this.go();
  }

  stop(): void {
    this.over = true;
    clearTimeout(this.timer);
  }

  private go(): void {
    if (!this.wanted || this.busy || this.over) return;
    clearTimeout(this.timer);
    const wait = this.asked + this.least_ms - performance.now();
    if (wait > 0) {
      this.timer = setTimeout(() => this.go(), wait);
      return;
    }
    this.wanted = false;
    this.busy = true;
    this.asked = performance.now();
    void this.ask()
      .catch(() => undefined)
      .finally(() => {
        this.busy = false;
        this.go();
      });
  }
}
