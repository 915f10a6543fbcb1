// The same shapes as async_bench.cpp, in Go on one processor, for comparison.
package main

import (
	"fmt"
	"runtime"
	"sync"
	"time"
)

const messages = 10_000_000
const sleepers = 1_000_000

func printFigure(name string, value float64, unit string) {
	fmt.Printf("go    %-28s %8.1f %s\n", name, value, unit)
}

func measureSleepers() {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var group sync.WaitGroup
	group.Add(sleepers)
	start := time.Now()
	end := start.Add(time.Second)
	for i := 0; i < sleepers; i++ {
		until := end.Add(time.Duration(i * 7919 % 1_000_003))
		go func() {
			time.Sleep(time.Until(until))
			group.Done()
		}()
	}
	runtime.Gosched()
	printFigure("start a sleeping task", float64(time.Since(start).Nanoseconds())/sleepers, "ns")
	runtime.ReadMemStats(&after)
	printFigure("memory of a sleeping task", float64(after.Sys-before.Sys)/sleepers, "bytes")
	group.Wait()
}

func measurePingPong() {
	there, back := make(chan int), make(chan int)
	go func() {
		for value := range there {
			back <- value
		}
	}()
	start := time.Now()
	for i := 0; i < messages/2; i++ {
		there <- i
		<-back
	}
	printFigure("switch, ping-pong, channel(0)", float64(time.Since(start).Nanoseconds())/messages, "ns")
	close(there)
}

func measureChannel(capacity int) {
	channel := make(chan int, capacity)
	start := time.Now()
	go func() {
		for i := 0; i < messages; i++ {
			channel <- i
		}
		close(channel)
	}()
	sum := 0
	for value := range channel {
		sum += value
	}
	name := fmt.Sprintf("message, channel(%d)", capacity)
	printFigure(name, float64(time.Since(start).Nanoseconds())/messages, "ns")
}

func main() {
	runtime.GOMAXPROCS(1)
	measureSleepers()
	measurePingPong()
	measureChannel(0)
	measureChannel(1)
	measureChannel(100)
}
