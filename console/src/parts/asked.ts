// SPDX-License-Identifier: Apache-2.0
//
// What is asked of the server once, and again now and then while it is shown.
import { useEffect, useState } from 'preact/hooks';

export interface Asked<T> {
  answer: T | null;
  problem: string;
  again: () => void;
}

export function useAsked<T>(ask: () => Promise<T>, key: string, every_ms = 0): Asked<T> {
  const [answer, setAnswer] = useState<T | null>(null);
  const [problem, setProblem] = useState('');
  const [version, setVersion] = useState(0);
  useEffect(() => {
    let over = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const go = async () => {
      try {
        const next = await ask();
        if (over) return;
        setAnswer(next);
        setProblem('');
      } catch (error) {
        if (!over) setProblem(error instanceof Error ? error.message : String(error));
      }
      if (!over && every_ms > 0) timer = setTimeout(go, every_ms);
    };
    void go();
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [key, version]);
  return { answer, problem, again: () => setVersion((before) => before + 1) };
}
